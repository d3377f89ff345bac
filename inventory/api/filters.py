"""What inventory's lists can be narrowed by."""

from __future__ import annotations

import django_filters as filters

from inventory.nodes.models import Node


class NodeFilter(filters.FilterSet):
    kind = filters.ChoiceFilter(choices=Node.Kind.choices)
    country = filters.CharFilter(max_length=2)

    class Meta:
        model = Node
        fields: list[str] = []
