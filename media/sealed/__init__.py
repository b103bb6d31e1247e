"""Files that cannot be read without their key: what journals can be written to and read from.

A server does not use it yet: its journals are plain files.
"""
