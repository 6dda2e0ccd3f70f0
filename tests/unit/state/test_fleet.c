/* Fleet files: names, expressions, edges, networks, and where complaints point. */
#include <unistd.h>

#include "base/engine_conf.h"
#include "state/desired/fleet/fleet.h"
#include "state/desired/template/template.h"
#include "tests/unit/test.h"

static struct buf told = BUF_INIT;

static void
hear(void *ctx, const char *text)
{
	(void)ctx;
	buf_addf(&told, "%s\n", text);
}

static struct spec_opts
options(void)
{
	static char *home;

	if (!home)
		home = test_path("home");
	return (struct spec_opts){ .home = home, .version = "2.2.0", .warn = hear, .complain = hear, .strict = true };
}

/* As fleet.yaml in a folder `lab`. */
static int
read_as(struct fleet *f, const char *text, const struct fleet_param *given, size_t n, struct error *err)
{
	auto_free char *dir = test_path("lab"), *path = xasprintf("%s/fleet.yaml", dir);
	struct spec_opts opts = options();
	AUTO(template) t = { 0 };

	buf_truncate(&told, 0);
	assert_int_equal(fs_mkdirs(dir, 0755, err), 0);
	assert_int_equal(fs_write(path, text, strlen(text), 0644, err), 0);
	assert_int_equal(template_read(&t, path, &opts, err), 0);
	return fleet_read(f, &t, given, n, &opts, err);
}

/* It is refused, and among the complaints are these. */
static void
refuses(const char *text, const char *complaint)
{
	AUTO(fleet) f = { 0 };
	struct error err = { 0 };

	if (read_as(&f, text, NULL, 0, &err) == 0)
		fail_msg("read: %s", text);
	if (!strstr(told.s, complaint) && !strstr(err.msg, complaint))
		fail_msg("'%s' is not in '%s' and not in '%s'", complaint, err.msg, told.s);
}

static char *
names(const struct fleet *f)
{
	AUTO(buf) b = BUF_INIT;

	for (size_t i = 0; i < f->nmembers; i++)
		buf_addf(&b, "%s%s:%d/%d", i ? " " : "", f->members[i].name, f->members[i].index, f->members[i].count);
	return buf_detach(&b);
}

static void
names_are(const char *instances, const char *want)
{
	auto_free char *text = xasprintf("instances:\n%s", instances), *have = NULL;
	AUTO(fleet) f = { 0 };
	struct error err;

	ok(read_as(&f, text, NULL, 0, &err));
	have = names(&f);
	assert_string_equal(have, want);
}

TEST(ranges_and_counts_are_names)
{
	names_are("  db:\n", "db:1/1");
	names_are("  web-{1..3}:\n", "web-1:1/3 web-2:2/3 web-3:3/3");
	names_are("  web-{09..11}:\n", "web-09:9/3 web-10:10/3 web-11:11/3");
	names_are("  n{a,bb}x: {}\n", "nax:1/2 nbbx:2/2");
	names_are("  r{1..2}-n{1..2}:\n", "r1-n1:1/4 r1-n2:2/4 r2-n1:3/4 r2-n2:4/4");
	names_are("  load: {count: 2}\n", "load-1:1/2 load-2:2/2");
	names_are("  load: {count: 0}\n  db:\n", "db:1/1");
}

TEST(names_that_are_none_say_where)
{
	refuses("instances:\n  web-{3..1}:\n", "fleet.yaml:2:3: instances.web-{3..1}: has a range that ends before it begins");
	refuses("instances:\n  web-{1..3:\n", "2:3: instances.web-{1..3: has a `{` without a `}`");
	refuses("instances:\n  \"web}\":\n", "2:3: instances.web}: has a `}` without a `{`");
	refuses("instances:\n  web-{x}:\n", "neither {1..3} nor {a,b}");
	refuses("instances:\n  \"web-{a,}\":\n", "empty name");
	refuses("instances:\n  web-{1..99999}:\n", "more than 5000 names");
	refuses("instances:\n  w{1..9999}{1..9999}{1..9999}{1..9999}:\n", "more than 5000 names");
	refuses("instances:\n  w{1..2}: {count: 2}\n", "has a range, and `count` besides");
	refuses("instances:\n  web-{1..3}:\n  web-2:\n", "3:3: instances.web-2: the name `web-2` is also that of `web-{1..3}`, in line 2");
	refuses("instances:\n  a b:\n", "2:3: instances.a b: instance name `a b` is not a valid identifier");
	refuses("instances:\n  db: {count: two}\n", "2:15: instances.db.count: must be an integer, got `two`");
	refuses("instances:\n  db: {count: -1}\n", "must not be negative");
	refuses("instances:\n  db: 5\n", "2:7: instances.db: must be a mapping with keys of lima.yaml");
	refuses("instances: [db]\n", "1:12: instances: must be a mapping");
	refuses("nam: x\ninstances:\n  db:\n", "1:1: nam: unknown key (did you mean `name`?)");
	refuses("defaults: {count: 3}\ninstances:\n  db:\n", "defaults.count: is said of a member, not of all");
}

static void
depends_are(const struct fleet *f, const char *name, const char *want)
{
	AUTO(buf) b = BUF_INIT;

	for (size_t i = 0; i < f->nmembers; i++)
		for (size_t k = 0; !strcmp(f->members[i].name, name) && k < f->members[i].ndepends; k++)
			buf_addf(&b, "%s%s%s", b.len ? " " : "", f->members[i].depends[k].name, f->members[i].depends[k].restart ? "!" : "");
	assert_string_equal(b.len ? b.s : "", want);
}

TEST(dependencies_are_members_and_groups)
{
	AUTO(fleet) f = { 0 };
	struct error err;

	ok(read_as(&f, "namePrefix: p-\ninstances:\n  db:\n  web-{1..2}: {dependsOn: db}\n"
		   "  load: {count: 2, dependsOn: [web, {name: db, restart: true}]}\n  one: {dependsOn: [web-2]}\n", NULL, 0, &err));
	depends_are(&f, "p-web-2", "p-db");
	depends_are(&f, "p-load-1", "p-web-1 p-web-2 p-db!");
	depends_are(&f, "p-one", "p-web-2");
	assert_string_equal(f.name, "p-lab");
	refuses("instances:\n  db:\n  web:\n    dependsOn: [dbb]\n", "4:17: instances.web.dependsOn[0]: there is no member and no group `dbb` (did you mean `db`?)");
	refuses("instances:\n  a: {dependsOn: b}\n  b: {dependsOn: c}\n  c: {dependsOn: a}\n", "instances.a.dependsOn: runs in a circle: a -> b -> c -> a");
	refuses("instances:\n  a: {dependsOn: a}\n", "runs in a circle: a -> a");
	refuses("instances:\n  a: {dependsOn: [{nam: b}]}\n  b:\n", "instances.a.dependsOn[0].nam: unknown key (did you mean `name`?)");
}

static char *
text_of(const struct fleet *f, size_t i)
{
	struct spec_opts opts = options();
	AUTO(template) t = { 0 };
	struct error err;

	ok(fleet_template(&t, f, &f->members[i], &opts, &err));
	return xstrdup(t.text);
}

TEST(expressions_of_the_fleet_are_evaluated_and_others_stay)
{
	const struct fleet_param given = { "V", "1.10" };
	AUTO(fleet) f = { 0 };
	auto_free char *two = NULL;
	struct error err;

	ok(read_as(&f, "name: lab\nparam: {V: \"1\", ON: \"true\"}\ninstances:\n  w{2..3}:\n    cpus: \"{{mul 2 .Index}}\"\n    plain: \"{{.Param.ON}}\"\n"
		   "    message: \"{{.Param.V}}\"\n    env: {A: \"{{.Fleet}}-{{.Index}} of {{.Count}}\", B: \"{{.Param.OTHER}} {{.Home}}\"}\n"
		   "    provision:\n    - script: |\n        {{if eq .Index 3}}echo last{{else}}echo {{.Name}}{{end}}\n        echo {{.Name}} '{{\".Index\"}}'\n",
		   &given, 1, &err));
	two = text_of(&f, 0);
	assert_non_null(strstr(two, "cpus: 4\n"));
	assert_non_null(strstr(two, "plain: true\n"));
	assert_non_null(strstr(two, "message: \"1.10\"\n"));	/* no number: it would be 1.1 */
	assert_non_null(strstr(two, "lab-2 of 2"));
	assert_non_null(strstr(two, "{{.Param.OTHER}} {{.Home}}"));
	assert_non_null(strstr(two, "echo w2\n"));
	assert_non_null(strstr(two, "echo {{.Name}} '{{\".Index\"}}'"));
	fleet_release(&f);
	ok(read_as(&f, "namePrefix: \"{{.Param.V}}-\"\nname: lab\nparam: {V: \"1\"}\ninstances:\n  db:\n", &given, 1, &err));
	assert_string_equal(f.name, "1.10-lab");
	assert_string_equal(f.members[0].name, "1.10-db");
	not_ok(read_as(&f, "instances:\n  db:\n", &given, 1, &err), "has no parameter `V` for --param");
}

TEST(members_of_one_key_have_one_template_unless_an_expression_tells_them_apart)
{
	AUTO(fleet) f = { 0 };
	auto_free char *one = NULL, *two = NULL;
	struct error err;

	ok(read_as(&f, "defaults: {cpus: 2}\ninstances:\n  a: {count: 2, env: {A: b}}\n  b: {count: 2, message: \"{{.Index}}\"}\n", NULL, 0, &err));
	assert_true(fleet_template_is_same(&f, &f.members[0], &f.members[1]));
	one = text_of(&f, 0);
	two = text_of(&f, 1);
	assert_string_equal(one, two);
	assert_false(fleet_template_is_same(&f, &f.members[1], &f.members[2]));
	assert_false(fleet_template_is_same(&f, &f.members[2], &f.members[3]));
	fleet_release(&f);
	ok(read_as(&f, "defaults: {message: \"x{{.Index}}\"}\ninstances:\n  a: {count: 2}\n", NULL, 0, &err));
	assert_false(fleet_template_is_same(&f, &f.members[0], &f.members[1]));
	fleet_release(&f);
	ok(read_as(&f, "instances:\n  a: {count: 2, env: {\"A{{.Index}}\": b}}\n", NULL, 0, &err));
	assert_false(fleet_template_is_same(&f, &f.members[0], &f.members[1]));
}

TEST(a_wrong_expression_says_where)
{
	struct spec_opts opts = options();
	AUTO(fleet) f = { 0 };
	AUTO(template) t = { 0 };
	struct error err;

	ok(read_as(&f, "instances:\n  db:\n    cpus: \"{{.Index | nothing}}\"\n", NULL, 0, &err));
	not_ok(fleet_template(&t, &f, &f.members[0], &opts, &err), "fleet.yaml:3:11: ");
}

TEST(what_a_member_and_its_bases_say_beats_defaults)
{
	auto_free char *dir = test_path("lab"), *base = xasprintf("%s/web.yaml", dir), *text = NULL, *db = NULL;
	AUTO(fleet) f = { 0 };
	struct error err;

	ok(fs_mkdirs(dir, 0755, &err));
	ok(fs_write(base, "memory: 3GiB\ncpus: 3\n", 21, 0644, &err));
	ok(read_as(&f, "defaults: {cpus: 2, memory: 2GiB, disk: 9GiB, message: \"{{.Index}}\"}\ninstances:\n  web: {base: ./web.yaml, cpus: 4}\n  db:\n", NULL, 0, &err));
	text = text_of(&f, 0);
	assert_non_null(strstr(text, "cpus: 4\n"));
	assert_non_null(strstr(text, "memory: 3GiB\n"));
	assert_non_null(strstr(text, "disk: 9GiB\n"));
	assert_null(strstr(text, "base"));
	db = text_of(&f, 1);
	assert_non_null(strstr(db, "memory: 2GiB\n"));
	assert_non_null(strstr(db, "message: 1\n"));
}

TEST(what_is_wrong_with_a_member_is_told_where_it_stands)
{
	struct spec_opts opts = options();
	AUTO(fleet) f = { 0 };
	AUTO(template) t = { 0 };
	struct spec *s;
	struct error err;

	ok(read_as(&f, "defaults:\n  memory: lots\ninstances:\n  db:\n    dependsOn: []\n    images:\n    - location: /dev/null\n      arch: x86_64\n    mounts:\n    - {location: /x, foo: 3}\n",
		   NULL, 0, &err));
	ok(fleet_template(&t, &f, &f.members[0], &opts, &err));
	assert_int_equal(template_spec(&s, "db", &t, 0, &opts, &err), -1);
	assert_non_null(strstr(told.s, "fleet.yaml:2:11: memory: has an invalid value"));
	assert_non_null(strstr(told.s, "fleet.yaml:10:22: mounts[0].foo: unknown key"));
}

TEST(networks_are_joined_and_carry_the_prefix)
{
	auto_free char *db = NULL, *web = NULL;
	AUTO(fleet) f = { 0 };
	AUTO(fleet) again = { 0 };
	struct error err;
	const char *text = "name: lab\nnamePrefix: p-\nnetworks: {inner: , outer: {egress: none, gateway: 10.9.8.1}}\ninstances:\n  db:\n"
			   "  web: {networks: [{lima: inner}, {lima: user-v2}]}\n";

	ok(read_as(&f, text, NULL, 0, &err));
	assert_int_equal(f.nnetworks, 2);
	assert_string_equal(f.networks[0].name, "p-inner");
	assert_string_equal(f.networks[0].fleet, "p-lab");
	assert_memory_equal(f.networks[0].gateway, "192.168.", 8);
	assert_string_equal(f.networks[1].gateway, "10.9.8.1");
	assert_string_equal(f.networks[1].egress, "none");
	ok(read_as(&again, text, NULL, 0, &err));
	assert_string_equal(again.networks[0].gateway, f.networks[0].gateway);
	db = text_of(&f, 0);
	assert_non_null(strstr(db, "p-inner"));
	assert_non_null(strstr(db, "p-outer"));
	web = text_of(&f, 1);
	assert_non_null(strstr(web, "p-inner"));
	assert_non_null(strstr(web, "lima: user-v2"));
	assert_null(strstr(web, "p-outer"));
	refuses("networks: {n: {mode: bridged}}\ninstances:\n  db:\n", "networks.n.mode: must be `user-v2`");
	refuses("networks: {n: {gatewy: 10.0.0.1}}\ninstances:\n  db:\n", "networks.n.gatewy: unknown key (did you mean `gateway`?)");
	refuses("networks:\n  n: {gateway: far}\ninstances:\n  db:\n", "fleet.yaml:2:16: gateway: must be an IP address");
}

/* Members as they are loaded, and whether two of them claim the same. */
static int
claims(const char *text, struct error *err)
{
	struct spec_opts opts = options();
	struct spec *specs[16];
	AUTO(fleet) f = { 0 };
	int r;

	if (read_as(&f, text, NULL, 0, err) < 0)
		fail_msg("%s", err->msg);
	for (size_t i = 0; i < f.nmembers; i++) {
		AUTO(template) t = { 0 };

		if (fleet_template(&t, &f, &f.members[i], &opts, err) < 0 || template_spec(&specs[i], f.members[i].name, &t, 0, &opts, err) < 0)
			fail_msg("%s %s", err->msg, told.s);
	}
	buf_truncate(&told, 0);
	r = fleet_check_claims(&f, specs, NULL, &opts, err);
	for (size_t i = 0; i < f.nmembers; i++)
		spec_free(specs[i]);
	return r;
}

#define IMAGES "defaults:\n  images: [{location: /dev/null}]\ninstances:\n"

TEST(what_two_members_claim_is_told_with_both_lines)
{
	struct error err;

	not_ok(claims(IMAGES "  w-{1..2}:\n    portForwards:\n    - guestPort: 80\n      hostPort: 8080\n", &err),
	       "fleet.yaml:6:7: instances.w-{1..2}.portForwards[0]: tcp port 8080 of 127.0.0.1 is claimed by `w-2` and by `w-1` (");
	not_ok(claims(IMAGES "  a: {additionalDisks: [data]}\n  b: {additionalDisks: [data]}\n", &err), "data disk `data` is claimed by `b` and by `a` (");
	not_ok(claims(IMAGES "  a: {ssh: {localPort: 2222}}\n  b: {portForwards: [{guestPort: 1, hostPort: 2222, hostIP: 0.0.0.0}]}\n", &err), "tcp port 2222 of ");
	not_ok(claims(IMAGES "  a: {portForwards: [{guestPortRange: [1, 9], hostPortRange: [2001, 2009]}]}\n  b: {portForwards: [{guestPort: 1, hostPort: 2005}]}\n", &err),
	       "port 2005 of 127.0.0.1");
	not_ok(claims(IMAGES "  a: {networks: [{lima: user-v2, macAddress: \"52:55:55:00:00:01\"}]}\n  b: {networks: [{lima: user-v2, macAddress: \"52:55:55:00:00:01\"}]}\n", &err),
	       "hardware address `52:55:55:00:00:01`");
	not_ok(claims(IMAGES "  a: {portForwards: [{guestSocket: /g, hostSocket: /h}]}\n  b: {portForwards: [{guestSocket: /g, hostSocket: /h}]}\n", &err), "socket `/h`");
	ok(claims(IMAGES "  a: {portForwards: [{guestPort: 1, hostPort: 2005, proto: udp}]}\n  b: {portForwards: [{guestPort: 1, hostPort: 2005, proto: tcp}]}\n", &err));
	ok(claims(IMAGES "  w-{1..9}: {portForwards: [{guestPort: 80, hostPort: \"{{add 8080 .Index}}\"}]}\n", &err));
	ok(claims(IMAGES "  a: {portForwards: [{guestPortRange: [1, 65535]}]}\n  b: {portForwards: [{guestPortRange: [1, 65535]}]}\n", &err));
}

TEST(capacity_is_a_size_or_a_part)
{
	AUTO(fleet) f = { 0 };
	AUTO(fleet) g = { 0 };
	struct error err;

	ok(read_as(&f, "capacity: {memory: 80%}\ninstances:\n  db:\n", NULL, 0, &err));
	assert_true(f.memory_part > 0.79 && f.memory_part < 0.81);
	ok(read_as(&g, "capacity: {memory: 16GiB}\ninstances:\n  db:\n", NULL, 0, &err));
	assert_true(g.memory_most == (uint64_t)16 << 30);
	refuses("capacity: {memory: 8x%}\ninstances:\n  db:\n", "1:20: capacity.memory: must be a size such as");
	refuses("capacity: {memory: lots}\ninstances:\n  db:\n", "capacity.memory: must be a size such as");
}

TEST(a_fleet_is_told_from_an_instance)
{
	static const char fleet[] = "instances:\n  db:\n", no[] = "message: instances\n", broken[] = "instances: [\n";

	assert_true(fleet_is(fleet, strlen(fleet)));
	assert_false(fleet_is(no, strlen(no)));
	assert_false(fleet_is(broken, strlen(broken)));
}

TEST(a_note_says_whose_an_instance_is)
{
	auto_free char *dir = test_path("noted"), *path = xasprintf("%s/" SPEC_FLEET_FILE, dir);
	static const char yaml[] = "images: [{location: /dev/null}]\n";
	struct spec_opts opts = options();
	AUTO(arena) a = { 0 };
	AUTO(buf) text = BUF_INIT;
	struct spec_member m;
	struct spec *s;
	struct error err;

	ok(fs_mkdirs(dir, 0755, &err));
	ok(spec_fleet_read(&a, dir, &m, &err));
	assert_string_equal(m.fleet, "");
	ok(spec_load(&s, "w", "w.yaml", yaml, strlen(yaml), &opts, &err));
	spec_join_fleet(s, &(struct spec_member){ "lab", "/a b/fleet.yaml", "web", (struct spec_depend[]){ { "db", false }, { "c", true } }, 2 });
	spec_fleet_text(s, &text);
	ok(fs_write(path, text.s, text.len, 0600, &err));
	ok(spec_fleet_read(&a, dir, &m, &err));
	assert_string_equal(m.fleet, "lab");
	assert_string_equal(m.file, "/a b/fleet.yaml");
	assert_string_equal(m.short_name, "web");
	assert_int_equal(m.ndepends, 2);
	assert_string_equal(m.depends[1].name, "c");
	assert_true(m.depends[1].restart && !m.depends[0].restart);
	/* what others wrote there names nothing outside */
	ok(fs_write(path, "fleet lab\nknown-as ../x\n", 24, 0600, &err));
	ok(spec_fleet_read(&a, dir, &m, &err));
	assert_string_equal(m.fleet, "lab");
	assert_string_equal(m.short_name, "");
	ok(fs_write(path, "fleet ../x\nafter ../../etc\n", 27, 0600, &err));
	ok(spec_fleet_read(&a, dir, &m, &err));
	assert_string_equal(m.fleet, "");
	assert_int_equal(m.ndepends, 0);
	spec_free(s);
}

/* --- engines --- */

#define ENGINE(host) "name: f\nengine:\n  type: hosts\n  hosts:\n  - " host "\ninstances:\n  a: {}\n"

TEST(hosts_of_an_engine_are_read_and_what_ssh_would_take_for_an_option_is_refused)
{
	refuses(ENGINE("{name: a, ssh: \"-oProxyCommand=x\"}"), "5:20: engine.hosts[0].ssh: must be `[USER@]ADDRESS[:PORT]`");
	refuses(ENGINE("{name: a, ssh: \"-l@b\"}"), "must be `[USER@]ADDRESS[:PORT]`");
	refuses(ENGINE("{name: a, ssh: \"u@b:70000\"}"), "must be `[USER@]ADDRESS[:PORT]`");
	refuses(ENGINE("{name: a, ssh: \"u@b;reboot\"}"), "must be `[USER@]ADDRESS[:PORT]`");
	refuses(ENGINE("{name: a, ssh: u@b, hostKey: \"ssh-ed25519 AA\\n* ssh-rsa BB\"}"), "hostKey: must be a public key");
	refuses(ENGINE("{name: a, ssh: u@b, memory: much}"), "memory: must be a size");
	refuses(ENGINE("{name: a, ssh: u@b}\n  - {name: a, ssh: u@c}"), "another host is called `a` too");
	refuses("name: f\nengine: {type: hosts}\ninstances:\n  a: {}\n", "engine.hosts: must list the hosts");
	refuses("name: f\ninstances:\n  a: {placement: {host: b}}\n", "placement: is of a fleet with an `engine`");
	refuses("name: f\nengine: {type: hosts, hosts: [{name: b, ssh: b}]}\ninstances:\n  a: {placement: {host: c}}\n", "4:25: instances.a.placement.host: there is no host `c`");
	refuses("name: f\nengine: {type: hosts, hosts: [{name: b, ssh: b}]}\nnetworks: {n: {}}\ninstances:\n  a: {}\n", "3:11: networks: a network of a fleet ends at its host");
}

TEST(an_engine_and_placement_are_what_the_file_says)
{
	struct fleet f;
	struct error err;

	ok(read_as(&f, "name: f\nengine:\n  type: hosts\n  hosts:\n  - {name: a, ssh: \"ssh://ci@a.example:2222\", hostKey: \"ssh-ed25519 AAAA me@x\", memory: 2GiB, labels: {disk: fast}}\n"
		       "  - {name: b, ssh: \"[::1]\"}\ninstances:\n  w-{1..2}: {placement: {spread: true, labels: {disk: fast}}, remote: ignore}\n", NULL, 0, &err));
	assert_int_equal(f.engine->nhosts, 2);
	assert_string_equal(f.engine->hosts[0].user, "ci");
	assert_string_equal(f.engine->hosts[0].address, "a.example");
	assert_int_equal(f.engine->hosts[0].port, 2222);
	assert_string_equal(f.engine->hosts[0].host_key, "ssh-ed25519 AAAA");
	assert_int_equal(f.engine->hosts[0].memory, (uint64_t)2 << 30);
	assert_string_equal(f.engine->hosts[1].address, "::1");
	assert_true(f.members[1].at.spread && f.members[1].at.ignore && f.members[1].at.nlabels == 1);
	assert_string_equal(f.members[0].at.host, "");
	fleet_release(&f);
}

TEST(a_certificate_is_looked_for_beside_the_file_that_names_it)
{
	auto_free char *dir = test_path("lab"), *real = NULL, *want = NULL;
	struct fleet f;
	struct error err;

	ok(read_as(&f, "name: f\nengine: {type: ganeti, url: \"https://c\", caFile: ca/one.pem, sshUser: ci}\ninstances:\n  a: {}\n", NULL, 0, &err));
	real = fs_realpath(dir);
	want = xasprintf("%s/ca/one.pem", real);
	assert_string_equal(f.engine->ca_file, want);
	assert_string_equal(f.engine->ssh_user, "ci");
	fleet_release(&f);
	ok(read_as(&f, "name: f\nengine: {type: ganeti, url: \"https://c\", caFile: /etc/one.pem}\ninstances:\n  a: {}\n", NULL, 0, &err));
	assert_string_equal(f.engine->ca_file, "/etc/one.pem");
	assert_string_equal(f.engine->ssh_user, "");
	fleet_release(&f);
	refuses("name: f\nengine: {type: ganeti, url: \"https://c\", sshUser: \"-oProxyCommand=x\"}\ninstances:\n  a: {}\n", "sshUser: must be a user's name");
}
