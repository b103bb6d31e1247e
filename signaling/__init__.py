"""The Socket.IO edge of live sessions: typed messages in, use cases called, typed messages out."""
