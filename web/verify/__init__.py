"""The verifier in one static page: `verify.html`, put together from `src/` and committed as it is handed out."""
