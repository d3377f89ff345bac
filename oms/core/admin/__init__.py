"""The parts every staff page is made of: read-first pages, capped counts, pills, deeds.

Nothing here saves a model: what changes goes through a service, by a deed that says who and why.
"""
