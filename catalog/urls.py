"""The catalog's pages."""

from django.urls import path

from catalog.views import files, labels, photos, upload

app_name = "catalog"

urlpatterns = [
    path("photos/", photos.photo_list, name="photos"),
    path("photos/<uuid:pk>/", photos.photo, name="photo"),
    path("photos/<uuid:pk>/label/", labels.try_label, name="try_label"),
    path("photos/<uuid:pk>/retry/", photos.retry, name="retry"),
    path("photos/<uuid:pk>/display.jpg", files.picture, {"kind": "display"}, name="display"),
    path("photos/<uuid:pk>/thumbnail.jpg", files.picture, {"kind": "thumbnail"}, name="thumbnail"),
    path("upload/", upload.upload_page, name="upload"),
    path("upload/files/", upload.upload_files, name="upload_files"),
    path("upload/status/", upload.upload_status, name="upload_status"),
]
