"""An index for the names of subjects, and triggers with which the database itself refuses to change an entry."""

from django.db import migrations, models

REFUSE = {
    "sqlite": [
        f"CREATE TRIGGER audit_no_{event} BEFORE {event} ON curation_auditentry "
        "BEGIN SELECT RAISE(ABORT, 'entries of the audit log are never changed or deleted'); END"
        for event in ("update", "delete")
    ],
    "postgresql": [
        "CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "RAISE EXCEPTION 'entries of the audit log are never changed or deleted'; END $$",
        "CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE ON curation_auditentry "
        "FOR EACH ROW EXECUTE FUNCTION audit_refuse()",
    ],
}
ALLOW = {
    "sqlite": ["DROP TRIGGER audit_no_update", "DROP TRIGGER audit_no_delete"],
    "postgresql": ["DROP TRIGGER audit_no_change ON curation_auditentry", "DROP FUNCTION audit_refuse"],
}


def refuse(apps, schema_editor):
    for statement in REFUSE[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


def allow(apps, schema_editor):
    for statement in ALLOW[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("curation", "0013_open_verdicts")]

    operations = [
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(
                fields=["subject", "id"],
                name="audit_subject_begins",
                opclasses=["varchar_pattern_ops", "int8_ops"],
            ),
        ),
        migrations.RunPython(refuse, allow),
    ]
