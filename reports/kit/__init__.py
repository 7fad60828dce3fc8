"""Shared parts of every document: fonts, text safety, page frame, blocks, charts."""
