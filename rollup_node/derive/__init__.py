"""The clerk: L1 data to ordered inputs. Knows reorgs; neither fetches data nor executes them."""
