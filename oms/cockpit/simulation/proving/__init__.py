"""Callers that fight for scarce stock, and what tells whether a unit was sold twice."""
