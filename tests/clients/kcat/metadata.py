"""kcat lists brokers and topics (-L) and has no other admin request."""

from groups import PARTITIONS
from scenario import expect, not_applicable, scenario
from session import create, list_topic

not_applicable("kcat has no admin requests; -L only lists", "admin-topics", "admin-partitions", "admin-config", "admin-log-dirs",
               "admin-groups", "delete-records")
not_applicable("kcat cannot set a group's offsets", "offsets-reset")


@scenario("admin-cluster")
def cluster(bootstrap):
    described = list_topic(bootstrap, create(bootstrap, "admin-cluster"))
    expect("the brokers", [bootstrap], [broker["name"] for broker in described["brokers"]])
    broker = described["brokers"][0]["id"]
    expect("the controller", broker, described["controllerid"])
    partitions = described["topics"][0]["partitions"]
    expect("leader, replicas and in-sync replicas of each partition", [(broker, [{"id": broker}], [{"id": broker}])] * PARTITIONS,
           [(each["leader"], each["replicas"], each["isrs"]) for each in partitions])
