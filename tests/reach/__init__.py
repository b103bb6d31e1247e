"""Whether people reach the relay: behind 1:1 NAT, and where nothing but TLS on port 443 gets out."""
