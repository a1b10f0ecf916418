from tests.support.databases import new_database, postgresql_url

__all__ = ["new_database", "postgresql_url"]
