"""What a user or group says about a person or team."""

from sunwise.people.directory.claims import Claim, Said
from sunwise.people.directory.objects import Key, Kind
from sunwise.people.directory.scim.resources import Group, Kept, KeptUser, SunwiseUser


def kind_of(resource: Kept) -> Kind:
    """What it is in the directory."""
    return Kind.TEAM if isinstance(resource, Group) else Kind.PERSON


def key_of(resource: Kept) -> Key:
    """Whom or what it is about; SCIM's id is the directory's own."""
    return Key(kind_of(resource), resource.id or "")


def claim_of(resource: Kept) -> Claim:
    """What it says."""
    said = _of_group(resource) if isinstance(resource, Group) else _of_user(resource)
    stated = {field: value for field, value in said.items() if value is not None}
    return Claim(key=key_of(resource), said=stated, place=f"SCIM {resource.id}")


def members_of(group: Group) -> list[str]:
    """The ids of the users in it, each once."""
    return list(dict.fromkeys(each.value for each in group.members or () if each.value))


def email_of(user: KeptUser) -> str | None:
    """The primary address, or the first, or the user name if it is one."""
    emails = [each for each in user.emails or () if each.value]
    primary = [each for each in emails if each.primary]
    for each in (*primary, *emails):
        return each.value
    name = user.user_name or ""
    return name if "@" in name else None


def _of_user(user: KeptUser) -> Said:
    email = email_of(user)
    own = user[SunwiseUser]
    return {
        "name": _name(user),
        "email": email,
        "zone": user.timezone,
        "country": own.country.upper() if own and own.country else None,
        "languages": [user.preferred_language] if user.preferred_language else None,
        "active": user.active is not False,
        "handles": [user.user_name] if user.user_name and user.user_name != email else None,
    }


def _name(user: KeptUser) -> str | None:
    name = user.name
    parts = [name.given_name, name.family_name] if name else []
    formatted = name.formatted if name else None
    return user.display_name or formatted or " ".join(filter(None, parts)) or user.user_name


def _of_group(group: Group) -> Said:
    return {
        "name": group.display_name,
        "members": members_of(group),
        "handles": [group.external_id] if group.external_id else None,
    }
