"""Containers, part by part."""
