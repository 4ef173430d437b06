"""Changing the rules in the office: the library's dossiers met with its people and services."""
