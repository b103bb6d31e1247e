"""Measurements that need both the record and the media plane."""
