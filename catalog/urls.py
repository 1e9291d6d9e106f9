"""The catalog's pages."""

from django.urls import path

from catalog.views import (
    files,
    labels,
    map,
    photos,
    prompt_lab,
    search,
    taxonomies,
    taxonomy_tree,
    upload,
)

app_name = "catalog"

urlpatterns = [
    path("photos/", photos.photo_list, name="photos"),
    path("photos/<uuid:pk>/", photos.photo, name="photo"),
    path("photos/<uuid:pk>/label/", labels.try_label, name="try_label"),
    path("photos/<uuid:pk>/retry/", photos.retry, name="retry"),
    path("photos/<uuid:pk>/display.jpg", files.picture, {"kind": "display"}, name="display"),
    path("photos/<uuid:pk>/thumbnail.jpg", files.picture, {"kind": "thumbnail"}, name="thumbnail"),
    path("taxonomies/", taxonomies.taxonomy_list, name="taxonomies"),
    path("taxonomies/<slug:slug>/", taxonomy_tree.tree, name="taxonomy"),
    path("taxonomies/<slug:slug>/state/", taxonomies.state, name="taxonomy_state"),
    path("taxonomies/<slug:slug>/activate/", taxonomies.activate, name="taxonomy_activate"),
    path("taxonomy-upload/", taxonomies.upload, name="taxonomy_upload"),
    path("taxonomy-drafts/<int:pk>/", taxonomies.draft, name="taxonomy_draft"),
    path("taxonomy-drafts/<int:pk>/apply/", taxonomies.apply, name="taxonomy_apply"),
    path("taxonomy-drafts/<int:pk>/discard/", taxonomies.discard, name="taxonomy_discard"),
    path("categories/<int:pk>/children/", taxonomy_tree.children, name="category_children"),
    path(
        "storefronts/<slug:slug>/taxonomy/",
        taxonomy_tree.storefront_tree,
        name="storefront_taxonomy",
    ),
    path("storefronts/<slug:slug>/taxonomy/choose/", taxonomy_tree.choose, name="choose_taxonomy"),
    path(
        "storefronts/<slug:slug>/taxonomy/prune/<int:pk>/",
        taxonomy_tree.prune,
        name="prune_category",
    ),
    path("photos/<uuid:pk>/similar/", search.similar, name="similar"),
    path("search/", search.search_page, name="search"),
    path("search/picture/", search.search_picture, name="search_picture"),
    path("search/categories/", search.category_names, name="category_names"),
    path("prompt-lab/", prompt_lab.lab, name="prompt_lab"),
    path("prompt-lab/photos/", prompt_lab.photos, name="prompt_photos"),
    path("prompt-lab/picture/", prompt_lab.picture, name="prompt_picture"),
    path("prompt-lab/templates.yaml", prompt_lab.download, name="prompt_download"),
    path("map/", map.map_page, name="map"),
    path("map/<int:pk>/points.bin", map.points, name="map_points"),
    path("map/<int:pk>/text/", map.landed, name="map_text"),
    path("upload/", upload.upload_page, name="upload"),
    path("upload/files/", upload.upload_files, name="upload_files"),
    path("upload/status/", upload.upload_status, name="upload_status"),
]
