from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate


class CurationConfig(AppConfig):
    name = "curation"
    verbose_name = "Curation: from Markdown file to frozen snapshot"

    def ready(self) -> None:
        from curation.services import guarding

        pre_migrate.connect(guarding.before_migrating, sender=self)
        post_migrate.connect(guarding.after_migrating, sender=self)
