"""The domain in plain Python: values, state machines and wording. Knows no database and no network."""
