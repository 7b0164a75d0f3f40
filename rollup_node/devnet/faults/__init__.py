"""Dishonest parties: the honest parts with a fault plan - what, where, when. No second honesty."""
