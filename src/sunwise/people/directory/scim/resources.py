"""Users and groups as this server keeps them: the part of the core schemas that the directory uses.

What a provider sends beyond it (addresses, telephones, titles, photographs) is not kept.
"""

from functools import lru_cache
from typing import Annotated, Any, ClassVar, Final, Union

import holidays
from pydantic import Field
from scim2_models import (
    URN,
    AnyExtension,
    AuthenticationScheme,
    Bulk,
    CaseExact,
    ChangePassword,
    ComplexAttribute,
    ETag,
    Extension,
    Filter,
    Mutability,
    Pagination,
    Patch,
    Reference,
    Required,
    Resource,
    ResourceType,
    Schema,
    ScimPolicy,
    ScimProvider,
    ServiceProviderConfig,
    Sort,
    Uniqueness,
)

from sunwise.daylight.zones import zone_names

MAX_RESULTS: Final = 1_000
POLICY: Final = ScimPolicy(
    unknown=ScimPolicy.Unknown.ignore,
    remove_value_as_filter=ScimPolicy.RemoveValue.apply,
    unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
)
"""Lenient where Entra and Okta are known to differ from the letter."""


class Name(ComplexAttribute):
    """The parts of a name."""

    formatted: str | None = None
    family_name: str | None = None
    given_name: str | None = None


class Email(ComplexAttribute):
    """One address."""

    value: str | None = None
    type: str | None = Field(None, examples=["work", "home", "other"])
    primary: bool | None = None


class SunwiseUser(Extension):
    """What working-time law needs to know and the core schema has no place for."""

    __schema__ = URN("urn:sunwise:params:scim:schemas:extension:2.0:User")

    country: Annotated[str | None, CaseExact.false] = Field(
        None, examples=sorted(holidays.list_supported_countries(include_aliases=False))
    )
    """Legal seat, ISO 3166-1 alpha-2."""


class User(Resource[AnyExtension]):
    """Somebody who works here."""

    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:User")

    user_name: Annotated[str | None, Uniqueness.server, Required.true] = None
    name: Name | None = None
    Name: ClassVar[type[ComplexAttribute]] = Name
    display_name: str | None = None
    preferred_language: str | None = None
    """BCP 47."""
    timezone: str | None = Field(None, examples=sorted(zone_names()))
    """IANA name."""
    active: bool | None = None
    emails: list[Email] | None = None
    Emails: ClassVar[type[ComplexAttribute]] = Email


class GroupMember(ComplexAttribute):
    """One user in a group; groups in groups are not kept."""

    value: Annotated[str | None, Mutability.immutable, CaseExact.true] = None
    ref: Annotated[Reference[Union["User"]] | None, Mutability.immutable] = Field(  # type: ignore[type-arg]
        None, serialization_alias="$ref", validation_alias="$ref"
    )
    type: Annotated[str | None, Mutability.immutable] = Field(None, examples=["User"])
    display: str | None = None


class Group(Resource[Any]):
    """A team."""

    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:Group")

    display_name: Annotated[str | None, Uniqueness.server, Required.true] = None
    members: list[GroupMember] | None = None
    Members: ClassVar[type[ComplexAttribute]] = GroupMember


KeptUser = User[SunwiseUser]
Kept = KeptUser | Group


@lru_cache(maxsize=1)
def provider() -> ScimProvider:
    """What this server announces."""
    user = ResourceType.from_resource(KeptUser)
    return ScimProvider(
        models=[User, Group, SunwiseUser],
        resource_types=[user, ResourceType.from_resource(Group)],
        config=_config(),
        policy=POLICY,
    )


def schemas() -> tuple[Schema, ...]:
    """Those of the resources, and those of the discovery itself."""
    own = (ResourceType, ServiceProviderConfig, Schema)
    return (*provider().schemas, *(each.to_schema() for each in own))


def _config() -> ServiceProviderConfig:
    return ServiceProviderConfig(
        patch=Patch(supported=True),
        bulk=Bulk(supported=False, max_operations=0, max_payload_size=0),
        filter=Filter(supported=True, max_results=MAX_RESULTS),
        change_password=ChangePassword(supported=False),
        sort=Sort(supported=True),
        etag=ETag(supported=True),
        pagination=Pagination(
            cursor=False,
            index=True,
            default_pagination_method=Pagination.DefaultPaginationMethod.index,
            default_page_size=MAX_RESULTS,
            max_page_size=MAX_RESULTS,
        ),
        authentication_schemes=[
            AuthenticationScheme(
                type=AuthenticationScheme.Type.oauthbearertoken,
                name="Integration key",
                description="`Authorization: Bearer` with a key for directory.import.",
                primary=True,
            )
        ],
    )
