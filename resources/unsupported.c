#include "resources/unsupported.h"

#include <string.h>

#include "base/auto.h"
#include "base/error.h"

static bool
vz_nat(const struct spec *s)
{
	for (size_t i = 0; i < s->nnetworks; i++)
		if (s->networks[i].vz_nat)
			return true;
	return false;
}

/* Without a guest agent only SSH leads into the guest. */
static bool
plain_forwards(const struct spec *s)
{
	for (size_t i = 0; i < s->nforwards; i++) {
		const struct spec_forward *f = &s->forwards[i];

		if (s->plain && f->is_static && !f->ignore && (f->reverse || f->proto == PROTO_UDP))
			return true;
	}
	return false;
}

/* A file system is known by its name, as it is in the guest. */
static bool
unsupported_edited(const char *format, const char *path)
{
	static const char *const known[] = { "auto", "yaml", "yml", "y", "json", "j" };
	static const char *const others[] = { "csv", "ini", "properties", "toml", "tsv", "xml" };
	const char *dot = strrchr(path, '.');

	for (size_t i = 0; dot && !strcmp(format, "auto") && i < ARRAY_LEN(others); i++)
		if (!strcmp(dot + 1, others[i]))
			return false;
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (!strcmp(format, known[i]))
			return true;
	return false;
}

static bool
provision_yq_format(const struct spec *s)
{
	for (size_t i = 0; i < s->nprovision; i++)
		if (s->provision[i].mode == PROVISION_YQ && !unsupported_edited(s->provision[i].format, s->provision[i].path))
			return true;
	return false;
}

static bool
guest_os(const struct spec *s)
{
	return strcmp(s->os, "Linux") != 0;
}

static bool
env_lines(const struct spec *s)
{
	for (size_t i = 0; i < s->nenv; i++)
		if (strchr(s->env[i].key, '\n') || strchr(s->env[i].value, '\n'))
			return true;
	return false;
}

static const struct {
	const char *key, *instead;
	bool (*asked)(const struct spec *s);
} table[] = {
	{ "os", "only Linux guests are run", guest_os },
	{ "networks[].vzNAT", "is for machines of macOS; leave it out", vz_nat },
	{ "portForwards", "UDP and `reverse` need the guest agent, which a plain instance has not; set plain to false", plain_forwards },
	{ "env", "a value has several lines, which /etc/environment of the guest cannot hold; make it one", env_lines },
	{ "provision[].format", "yq edits yaml and json only", provision_yq_format },
};

int
unsupported_check(const struct spec *spec, struct error *err)
{
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		if (table[i].asked(spec))
			return error_set(err, ERR_UNSUPPORTED, "%s: %s", table[i].key, table[i].instead);
	return 0;
}
