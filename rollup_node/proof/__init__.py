"""The court: commitments to the state, to inputs and to histories, and the witness of a step."""
