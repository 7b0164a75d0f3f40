"""The wire: the sequencer's log as numbered, signed messages over WebSocket, and its client."""
