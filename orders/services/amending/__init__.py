"""Changes of orders that stand: previewed to the cent and the unit, applied as previewed or not."""
