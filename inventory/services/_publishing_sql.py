"""The statements of the availability feed, each one for any number of variants and channels."""

#: The channels that are told of an organization's stock: one index probe for each, however many
#: variants they know. Parameter: organization.
CHANNELS = """
WITH RECURSIVE told AS (
  (SELECT p.channel FROM inventory_publishedavailability p
   WHERE p.organization_id = %(organization)s ORDER BY p.channel LIMIT 1)
  UNION ALL
  SELECT (SELECT p.channel FROM inventory_publishedavailability p
          WHERE p.organization_id = %(organization)s AND p.channel > t.channel
          ORDER BY p.channel LIMIT 1)
  FROM told t WHERE t.channel IS NOT NULL
)
SELECT channel FROM told WHERE channel IS NOT NULL
"""

#: Writes what changed and numbers it after the channel's last telling. The caller holds the
#: organization's lock, so that numbers rise in the order of commits. Parameters: channels,
#: variants, quantities (arrays of the same length), organization, now.
PUBLISH = """
INSERT INTO inventory_publishedavailability AS p
  (organization_id, channel, variant_id, quantity, sequence, published_at)
SELECT %(organization)s, d.channel, d.variant_id, d.quantity,
  coalesce((SELECT max(l.sequence) FROM inventory_publishedavailability l
            WHERE l.organization_id = %(organization)s AND l.channel = d.channel), 0)
  + row_number() OVER (PARTITION BY d.channel ORDER BY d.variant_id),
  %(now)s
FROM unnest(%(channels)s::text[], %(variants)s::bigint[], %(quantities)s::int[])
  AS d(channel, variant_id, quantity)
LEFT JOIN inventory_publishedavailability k
  ON k.organization_id = %(organization)s AND k.channel = d.channel
  AND k.variant_id = d.variant_id
WHERE k.quantity IS DISTINCT FROM d.quantity
ORDER BY d.channel, d.variant_id
ON CONFLICT (organization_id, channel, variant_id) DO UPDATE
SET quantity = EXCLUDED.quantity, sequence = EXCLUDED.sequence,
    published_at = EXCLUDED.published_at
RETURNING p.channel, p.variant_id, p.quantity, p.sequence
"""
