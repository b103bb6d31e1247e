"""RTP and RTCP arithmetic: values in, values out. No sockets, no clocks, no logging."""
