"""Routes of orders, under /api/v1/."""

from __future__ import annotations

from django.urls import include, path

from orders.api import (
    amending,
    batch,
    drafts,
    holds,
    imports,
    milestones,
    parcels,
    payments,
    promises,
    replacements,
    tags,
    views,
)

urlpatterns = [
    path("orders", views.Orders.as_view(), name="orders"),
    path("orders/batch", batch.OrderBatch.as_view(), name="order-batch"),
    path(
        "orders/import-template/<str:kind>",
        imports.OrderImportTemplate.as_view(),
        name="order-import-template",
    ),
    path("orders/<str:public_id>", views.OrderDetail.as_view(), name="order"),
    path("orders/<str:public_id>/cancel", views.OrderCancel.as_view(), name="order-cancel"),
    path(
        "orders/<str:public_id>/amendments", amending.Amendments.as_view(), name="order-amendments"
    ),
    path(
        "orders/<str:public_id>/amendments/<str:amendment>",
        amending.AmendmentDetail.as_view(),
        name="order-amendment",
    ),
    path(
        "orders/<str:public_id>/amendments/<str:amendment>/preview",
        amending.AmendmentPreview.as_view(),
        name="order-amendment-preview",
    ),
    path(
        "orders/<str:public_id>/amendments/<str:amendment>/confirm",
        amending.AmendmentConfirm.as_view(),
        name="order-amendment-confirm",
    ),
    path(
        "orders/<str:public_id>/amendments/<str:amendment>/discard",
        amending.AmendmentDiscard.as_view(),
        name="order-amendment-discard",
    ),
    path(
        "orders/<str:public_id>/replacements",
        replacements.Replacements.as_view(),
        name="order-replacements",
    ),
    path("draft-orders", drafts.Drafts.as_view(), name="draft-orders"),
    path("draft-orders/<str:public_id>", drafts.DraftDetail.as_view(), name="draft-order"),
    path(
        "draft-orders/<str:public_id>/preview",
        drafts.DraftPreview.as_view(),
        name="draft-order-preview",
    ),
    path(
        "draft-orders/<str:public_id>/submit",
        drafts.DraftSubmit.as_view(),
        name="draft-order-submit",
    ),
    path("orders/<str:public_id>/holds", holds.OrderHolds.as_view(), name="order-holds"),
    path(
        "orders/<str:public_id>/holds/<str:type>/release",
        holds.OrderHoldRelease.as_view(),
        name="order-hold-release",
    ),
    path("holds/bulk-place", holds.HoldsPlace.as_view(), name="holds-place"),
    path("holds/bulk-release", holds.HoldsRelease.as_view(), name="holds-release"),
    path("tags/bulk-change", tags.TagsChange.as_view(), name="tags-change"),
    path(
        "orders/<str:public_id>/milestones",
        milestones.OrderMilestones.as_view(),
        name="order-milestones",
    ),
    path(
        "orders/<str:public_id>/promises", promises.OrderPromises.as_view(), name="order-promises"
    ),
    path("orders/<str:public_id>/timeline", views.OrderTimeline.as_view(), name="order-timeline"),
    path("orders/<str:public_id>/payments", payments.OrderPayments.as_view(), name="payments"),
    path("orders/<str:public_id>/split", parcels.OrderSplitView.as_view(), name="order-split"),
    path(
        "orders/<str:public_id>/work/<str:work_id>/",
        include(
            [
                path("split", parcels.WorkSplitView.as_view(), name="work-split"),
                path("move", parcels.WorkMoveView.as_view(), name="work-move"),
                path("preview", parcels.WorkPreviewView.as_view(), name="work-preview"),
                path("unmerge", parcels.WorkUnmergeView.as_view(), name="work-unmerge"),
            ]
        ),
    ),
    path("parcels", parcels.Parcels.as_view(), name="parcels"),
]
