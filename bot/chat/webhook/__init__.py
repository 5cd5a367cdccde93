"""Alerts for programs: each is posted as signed JSON to an address of the operator's."""
