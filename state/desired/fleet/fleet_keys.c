/* The tables of keys of a fleet file. */
#include "state/desired/fleet/fleet.h"
#include "state/desired/spec/keys.h"

static const struct key capacity[] = {
	{ "memory", KEY_TEXT, .about = "Most memory that all members may have together: a size, or a part of the host's such as `80%`." },
	{ NULL }
};

static const struct key engine_host[] = {
	{ "name", KEY_TEXT, .flags = KEY_NEEDED, .about = "What the host is called in this file, and in what is shown." },
	{ "ssh", KEY_TEXT, .flags = KEY_NEEDED, .about = "How ssh gets there: `[USER@]ADDRESS[:PORT]`. Limactl is there, of this version or a newer one." },
	{ "hostKey", KEY_TEXT, .about = "Its public key, as `ssh-keyscan` prints it behind the name: `ssh-ed25519 AAAA...`. Another one is refused. "
				       "Without it, the user's known_hosts must have it." },
	{ "memory", KEY_TEXT, .about = "Most memory that members may have there together; by default what the host has." },
	{ "labels", KEY_MAP, .about = "Words about the host, for `placement.labels`." },
	{ NULL }
};

static const struct key engine_auth[] = {
	{ "userEnv", KEY_TEXT, .about = "Name of the environment variable that has the user." },
	{ "passwordEnv", KEY_TEXT, .about = "Name of the environment variable that has the password, which is kept nowhere." },
	{ NULL }
};

static const struct key engine[] = {
	{ "type", KEY_TEXT, .flags = KEY_NEEDED, .about = "`hosts`: hosts that run limactl, by ssh. `ganeti`: a cluster of Ganeti." },
	{ "hosts", KEY_LIST, .sub = engine_host, .about = "Of `hosts`: the hosts, in the order in which they are filled." },
	{ "url", KEY_TEXT, .about = "Of `ganeti`: where its API is." },
	{ "auth", KEY_GROUP, .sub = engine_auth, .about = "Of `ganeti`: who asks." },
	{ "caFile", KEY_TEXT, .about = "Of `ganeti`: the certificates by which it is known, a file; from the folder of this one." },
	{ "sshUser", KEY_TEXT, .about = "Of `ganeti`: who one is by ssh on its nodes, on the way to a guest; by default whom ssh takes." },
	{ NULL }
};

static const struct key file[] = {
	{ "name", KEY_TEXT, .about = "What the fleet is called; the name of the folder by default. Members remember it: `fleet/NAME` means them." },
	{ "namePrefix", KEY_TEXT, .about = "In front of the names of the fleet, its members and its networks, so that several of one file share a host. "
					 "Members find each other by DNS without it, too." },
	{ "param", KEY_MAP, .about = "Parameters, as {{.Param.NAME}} in any value of this file; --param NAME=VALUE beats them." },
	{ "defaults", KEY_ANY, .about = "Keys of lima.yaml for all members; what a member and its bases say wins." },
	{ "networks", KEY_ANY, .about = "Networks that are made for the fleet, as in networks.yaml. A member without `networks` is on all of them." },
	{ "capacity", KEY_GROUP, .sub = capacity, .about = "What the fleet may take of the host." },
	{ "engine", KEY_GROUP, .sub = engine, .about = "What runs the members on other hosts than this one." },
	{ "instances", KEY_ANY, .flags = KEY_NEEDED, .about = "Members, by name: `db`, `web-{1..3}`, `node-{a,b}`; each has the keys of lima.yaml, and those below." },
	{ NULL }
};
const struct key fleet_root = { "", KEY_GROUP, .sub = file };

static const struct key depend[] = {
	{ "name", KEY_TEXT, .flags = KEY_NEEDED, .about = "A member, or the name in front of a range: `web`." },
	{ "restart", KEY_BOOL, .def = "false", .about = "Restart this one when that one is restarted." },
	{ NULL }
};

static const struct key placement[] = {
	{ "host", KEY_TEXT, .about = "The host it must be on. By default the first one that has the memory; where it is, it stays." },
	{ "group", KEY_TEXT, .about = "What `spread` keeps apart; by default the members of one key." },
	{ "spread", KEY_BOOL, .def = "false", .about = "On another host than others of its group, as long as there are hosts." },
	{ "labels", KEY_MAP, .about = "What its host must have among its `labels`." },
	{ "ephemeral", KEY_BOOL, .def = "false", .about = "It holds nothing: where `host` says another one, it is made anew there." },
	{ NULL }
};

static const struct key member[] = {
	{ "count", KEY_INT, .about = "So many of them: NAME-1, NAME-2, ..." },
	{ "dependsOn", KEY_LIST, .sub = depend, .shorthand = "name", .flags = KEY_LONE,
	  .about = "Boots when these are READY, probes and all, and stops before them." },
	{ "placement", KEY_GROUP, .sub = placement, .about = "Of a fleet with an `engine`: where it is to be." },
	{ "remote", KEY_TEXT, .words = "error ignore", .def = "error",
	  .about = "Of a fleet with an `engine`: are keys that the engine cannot keep a mistake, or left out?" },
	{ "protected", KEY_BOOL, .about = "Not to be deleted, as `limactl protect` has it." },
	{ NULL }
};
const struct key fleet_member_key = { "", KEY_GROUP, .sub = member };
