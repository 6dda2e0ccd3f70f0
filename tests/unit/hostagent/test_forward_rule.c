#include "hostagent/protocol/forward_rule.h"

#include <cjson/cJSON.h>

#include "tests/unit/test.h"

static int
parse(const char *text, struct arena *a, struct forward_rule *r, struct error *err)
{
	cJSON *json = cJSON_Parse(text);
	int n = forward_rule_parse(json, a, r, err);

	cJSON_Delete(json);
	return n;
}

TEST(there_and_back)
{
	static const char *const cases[] = {
		"{\"proto\":\"tcp\",\"guestIP\":\"127.0.0.1\",\"guestPortRange\":[80,90],\"hostIP\":\"0.0.0.0\",\"hostPortRange\":[8080,8090]}",
		"{\"proto\":\"udp\",\"guestIP\":\"::1\",\"guestPortRange\":[53,53],\"hostIP\":\"127.0.0.1\",\"hostPortRange\":[65535,65535]}",
		"{\"proto\":\"any\",\"guestIP\":\"0.0.0.0\",\"guestPortRange\":[1,9],\"hostIP\":\"::\",\"hostPortRange\":[1,9],"
		"\"dynamic\":true,\"guestIPMustBeZero\":true,\"rank\":3}",
		"{\"proto\":\"udp\",\"guestIP\":\"0.0.0.0\",\"guestPortRange\":[1,9],\"hostIP\":\"::\",\"hostPortRange\":[1,9],"
		"\"dynamic\":true,\"ignore\":true}",
		"{\"proto\":\"tcp\",\"guestSocket\":\"/run/a\",\"hostSocket\":\"/tmp/b\",\"reverse\":true}",
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(arena) a = { 0 };
		auto_free char *again = NULL;
		struct forward_rule r;
		struct error err;
		cJSON *json;

		ok(parse(cases[i], &a, &r, &err));
		json = forward_rule_json(&r);
		again = cJSON_PrintUnformatted(json);
		cJSON_Delete(json);
		assert_string_equal(again, cases[i]);
	}
}

TEST(nonsense_is_refused)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ "[]", "not an object" },
		{ "{\"proto\":\"sctp\"}", "neither tcp nor udp" },
		{ "{\"proto\":6}", "neither tcp nor udp" },
		{ "{\"guestIP\":\"example.org\"}", "guestIP: not a numeric address" },
		{ "{\"guestPortRange\":[80]}", "guestPortRange: not a pair" },
		{ "{\"guestPortRange\":[80,70],\"hostPortRange\":[1,1]}", "guestPortRange: ends before" },
		{ "{\"guestPortRange\":[0,1],\"hostPortRange\":[1,1]}", "guestPortRange: not a port" },
		{ "{\"guestPortRange\":[1,65536]}", "guestPortRange: not a port" },
		{ "{\"guestPortRange\":[1.5,2]}", "guestPortRange: not a port" },
		{ "{\"guestPortRange\":[1,2],\"hostPortRange\":[1,1]}", "2 ports and hostPortRange 1" },
		{ "{\"guestPortRange\":[1,2],\"hostSocket\":\"/x\"}", "2 ports and hostPortRange 1" },
		{ "{\"proto\":\"any\"}", "neither tcp nor udp" },
		{ "{\"guestSocket\":\"/x\",\"hostPortRange\":[1,1],\"reverse\":true}", "sockets: no such forward" },
		{ "{\"guestSocket\":\"/x\",\"hostSocket\":\"/y\",\"dynamic\":true}", "sockets: no such forward" },
		{ "{\"proto\":\"udp\",\"guestSocket\":\"/x\",\"hostSocket\":\"/y\"}", "sockets: no such forward" },
		{ "{\"guestSocket\":\"x\"}", "guestSocket: not the absolute path" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(arena) a = { 0 };
		struct forward_rule r;
		struct error err;

		not_ok(parse(cases[i].text, &a, &r, &err), cases[i].says);
	}
}
