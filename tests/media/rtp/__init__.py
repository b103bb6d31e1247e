"""RTP arithmetic: values in, values out."""
