"""botocore's models of the services: as Debian 12 has them (December 2022), and with what is newer
from botocore-extras/: in one file a service, or a whole model of what there was not yet."""
import functools
import os

import botocore.session

EXTRAS = os.path.join(os.path.dirname(os.path.dirname(__file__)), "botocore-extras")
FOLDERS = {  # whose folder is not the service's id
    "SFN": "stepfunctions",
    "CLOUDWATCH_LOGS": "logs",
    "EVENTBRIDGE": "events",
    "CONFIG_SERVICE": "config",
    "COGNITO_IDENTITY_PROVIDER": "cognito-idp",
    "RESOURCE_GROUPS_TAGGING_API": "resourcegroupstaggingapi",
    "SECRETS_MANAGER": "secretsmanager",
    "REDSHIFT_DATA": "redshift-data",
}


@functools.lru_cache(maxsize=2)
def session(extras):
    made = botocore.session.get_session()
    if extras:
        made.get_component("data_loader").search_paths.insert(0, EXTRAS)
    return made


@functools.lru_cache(maxsize=None)
def service(variable, extras=True):
    """The model of the service with this AWS_ENDPOINT_URL_... variable."""
    return session(extras).get_service_model(FOLDERS.get(variable, variable.lower()))


def wire_name(name, shape):
    """What a member is called on the wire."""
    return shape.serialization.get("name", name)


def by_wire_name(shape):
    """The members of a structure under their names on the wire."""
    if shape is None:
        return {}
    return {wire_name(name, member): member for name, member in shape.members.items()}


def member_names(shape):
    """From the name on the wire to the model's own."""
    if shape is None:
        return {}
    return {wire_name(name, member): name for name, member in shape.members.items()}
