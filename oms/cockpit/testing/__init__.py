"""Helpers for tests of the rooms that know all the business."""
