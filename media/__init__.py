"""WebRTC, RTP, recording and stamping. Knows no inspection, no database, no Socket.IO, no geography."""
