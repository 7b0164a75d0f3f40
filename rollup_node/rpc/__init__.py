"""The counter: JSON-RPC over HTTP and WebSocket; parse, call, format. No rule lives here."""
