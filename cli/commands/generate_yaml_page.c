#include "cli/commands/generate_yaml_page.h"

#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "state/desired/fleet/fleet.h"
#include "state/desired/spec/keys.h"

static const char *
type_name(const struct key *k)
{
	static const char *const names[] = {
		[KEY_BOOL] = "boolean", [KEY_INT] = "integer", [KEY_UINT32] = "integer", [KEY_TEXT] = "text", [KEY_SIZE] = "size",
		[KEY_IP] = "IP address", [KEY_PORTS] = "first and last port", [KEY_TEXTS] = "list of texts",
		[KEY_IPS] = "list of IP addresses", [KEY_MAP] = "mapping of names to texts", [KEY_ANY] = "mapping", [KEY_GROUP] = "mapping",
		[KEY_LIST] = "list of mappings",
	};

	return names[k->type];
}

/* "one of a, b, c" */
static void
generate_yaml_page_put_words(struct buf *b, const char *words)
{
	buf_adds(b, "; one of ");
	for (; *words; words++) {
		if (*words == ' ')
			buf_adds(b, ", ");
		else
			buf_addf(b, *words == '-' ? "\\%c" : "%c", *words);
	}
}

static void
put_mix(struct buf *b, const struct key *k)
{
	static const char *const text[] = {
		[MIX_OWN] = "default.yaml and override.yaml cannot set it.", 
		[MIX_FIRST] = "The first of override.yaml, lima.yaml and default.yaml that is not empty counts.",
		[MIX_JOIN] = "Those of override.yaml come first, those of default.yaml last.",
		[MIX_JOIN_UP] = "Entries of default.yaml come first, those of override.yaml last; later ones of the same name overwrite earlier ones.",
		[MIX_MAP] = "Mixed name by name.", [MIX_OVER] = NULL,
	};

	if (text[k->mix])
		buf_addf(b, "%s\n", text[k->mix]);
}

/* "(integer; by default 4; restart)": type, default, and the price of a change */
static void
put_facts(struct buf *b, const struct key *k)
{
	const char *def = key_default_text(k), *price = k->flags & KEY_LIVE ? "live or restart" : key_change_word(k->change);

	buf_addf(b, " (%s", type_name(k));
	if (k->words)
		generate_yaml_page_put_words(b, k->words);
	if (def) {
		buf_adds(b, "; by default ");
		roff_escape(b, def);
	}
	if (k->flags & KEY_NEEDED)
		buf_adds(b, "; needed");
	if (*price)
		buf_addf(b, "; \\fI%s\\fR", price);
	buf_adds(b, ")\n");
}

static void
put_key(void *ctx, const char *path, const struct key *k)
{
	struct buf *b = ctx;

	buf_adds(b, ".TP\n\\fB");
	roff_escape(b, path);
	buf_adds(b, "\\fR");
	put_facts(b, k);
	roff_escape(b, k->about);
	buf_addc(b, '\n');
	if (k->shorthand)
		buf_addf(b, "A text in place of the mapping is its \\fB%s\\fR.\n", k->shorthand);
	if (k->instead) {
		buf_adds(b, "Deprecated: use ");
		roff_escape(b, k->instead);
		buf_adds(b, ".\n");
	}
	if (k->expr != EXPR_NONE)
		buf_addf(b, "May hold expressions of the %s.\n", k->expr == EXPR_GUEST ? "guest" : "host");
	put_mix(b, k);
}

static void
put_prices(struct buf *b)
{
	static const enum key_change all[] = { CHANGE_NOTE, CHANGE_LIVE, CHANGE_RESTART, CHANGE_CREATION, CHANGE_REFUSED };

	buf_adds(b, ".SH WHAT A CHANGE COSTS\nEach key has one word for it, and \\fBlimactl plan\\fR tells it of each that changed:\n");
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		buf_addf(b, ".TP\n\\fI%s\\fR\n", key_change_word(all[i]));
		roff_escape(b, key_change_text(all[i]));
		buf_addc(b, '\n');
	}
}

static const struct { const char *title, *text; } before[] = {
	{ "NAME", "lima.yaml \\- what a virtual machine of limactl is to be" },
	{ "EXAMPLES", "A machine to work in, with a folder of the host at the same place in the guest:\n.PP\n.nf\nbase: template:debian\ncpus: 4\n"
	  "mounts:\n\\- location: \"~/src\"\n  writable: true\n.fi\n.PP\n"
	  "One that serves, set up when it first boots, ready when it answers, and reached as 127.0.0.1:8080:\n.PP\n.nf\n"
	  "base: template:debian\nmemory: 1GiB\ndisk: 10GiB\nprovision:\n\\- mode: system\n  script: apt\\-get install \\-y nginx\nprobes:\n"
	  "\\- description: the web server answers\n  script: |\n    #!/bin/sh\n    curl \\-sf http://127.0.0.1/\nportForwards:\n\\- guestPort: 80\n  hostPort: 8080\n.fi\n.PP\n"
	  "One of an image of one's own, for tests: no folders, no network but the host's, checked before it boots:\n.PP\n.nf\nimages:\n"
	  "\\- location: https://images.example.com/ci.qcow2\n  arch: x86_64\n  # digest: sha256:...\nplain: true\ncpus: 2\nmemory: 2GiB\n.fi" },
	{ "DESCRIPTION", "A file in YAML 1.2, of which one document counts. \\fBlimactl create\\fR makes an instance out of one; from then on it is "
	  "\\fI$LIMA_HOME/NAME/lima.yaml\\fR, to be edited at will: \\fBlimactl plan\\fR says what a change would cost and \\fBlimactl apply\\fR "
	  "carries it out.\n.PP\nAll keys are optional but \\fBimages\\fR, which usually come from a base. Unknown keys, and sizes that nobody "
	  "means, are mistakes to \\fBplan\\fR, \\fBapply\\fR, \\fBcreate\\fR, \\fBvalidate\\fR, \\fBedit\\fR, and to what \\fBclone\\fR, \\fBrename\\fR and "
	  "\\fBrestart\\fR are to set; \\fB\\-\\-lenient\\fR makes them warnings, which they are anyway in \\fBstart\\fR (programs that stand on limactl start "
	  "files with keys of their own), in what an instance has since before, and in default.yaml and override.yaml. Keys "
	  "that begin with \\fBx\\-\\fR are nobody's, and a place for anchors. \\fBnull\\fR is the same as leaving a key out, except that in a template "
	  "it keeps the base's value out." },
	{ "THE FILE AND THE COPY", "An instance keeps a copy of the text that made it, \\fI$LIMA_HOME/NAME/lima.yaml\\fR, and remembers the file. "
	  "\\fBplan FILE\\fR and \\fBapply FILE\\fR are of the file: what it says becomes the copy. \\fBplan NAME\\fR, \\fBedit NAME\\fR and "
	  "\\fBapply \\-\\-set EXPRESSION NAME\\fR are of the copy, and leave the file as it is. A plan says which of them it is of, and where the "
	  "other says otherwise. Then \\fBapply FILE\\fR brings the instance to the file, and \\fBlimactl edit \\-\\-write\\-back NAME\\fR writes what the "
	  "copy says into the file, with its comments kept:\n.PP\n.nf\n$ limactl apply web.yaml\n$ limactl apply \\-\\-set .cpus=4 web\n"
	  "$ limactl plan web\nNothing to do: 1 instance is as wanted.\nweb: by its own copy, ~/.lima/web/lima.yaml. The file that made it, ~/p/web.yaml, "
	  "says otherwise\n(cpus: 2 there, 4 here): ...\n$ limactl edit \\-\\-write\\-back web\n$ grep cpus web.yaml\ncpus: 4   # enough for the tests\n.fi\n.PP\n"
	  "It refuses where something would be lost: the file was changed since it was applied, or has that key from a base or from a script's file." },
	{ "BASES", "The templates in \\fBbase\\fR are merged in when an instance is made, first to last and each with its own bases: what is there already "
	  "wins, lists are joined. A locator is a path relative to the template, a URL, \\fBtemplate:\\fINAME\\fR, "
	  "\\fBgithub:\\fIORG/REPO/PATH\\fR, or anything that a program \\fBlimactl\\-url\\-\\fISCHEME\\fR knows. A remote template may name remote things and "
	  "templates only." },
	{ "LAYERS", "\\fI_config/default.yaml\\fR lies below the lima.yaml of all instances and \\fI_config/override.yaml\\fR above, at every load. A key of "
	  "the upper one wins, unless its description says otherwise. \\fI_config/base.yaml\\fR is the first base of all templates." },
	{ "SIZES", "A number and a unit, such as \\fB4GiB\\fR, \\fB512MiB\\fR or \\fB1.5g\\fR; all units are binary, and without one it is bytes." },
	{ "EXPRESSIONS", "Where a key's description says so, a text may hold expressions as of Go's text/template. Of the guest: \\fB{{.Name}}\\fR, "
	  "\\fB{{.Hostname}}\\fR, \\fB{{.User}}\\fR, \\fB{{.UID}}\\fR, \\fB{{.Home}}\\fR, \\fB{{.Param.\\fINAME\\fB}}\\fR. Of the host: \\fB{{.Name}}\\fR, "
	  "\\fB{{.Dir}}\\fR (of the instance), \\fB{{.Home}}\\fR, \\fB{{.User}}\\fR, \\fB{{.UID}}\\fR, \\fB{{.GlobalTempDir}}\\fR, \\fB{{.TempDir}}\\fR, "
	  "\\fB{{.Param.\\fINAME\\fB}}\\fR. Conditions, loops, comparisons and pipelines work. In scripts parameters are also in the environment, as "
	  "\\fBPARAM_\\fINAME\\fR." },
};

static const struct { const char *file, *text; } files[] = {
	{ "$LIMA_HOME/NAME/lima.yaml", "of an instance" },
	{ "$LIMA_HOME/NAME/made-from.json", "the file that made the instance, and a digest of what it said then" },
	{ "$LIMA_HOME/NAME/applied.json", "what it has been brought to, defaults and layers included" },
	{ "$LIMA_HOME/_config/default.yaml, override.yaml, base.yaml", "for all instances" },
	{ "$LIMA_HOME/_config/networks.yaml", "named networks" },
	{ "$LIMA_HOME/_templates", "your templates, found before the installed ones" },
};

void
man_lima_yaml(struct buf *b)
{
	buf_adds(b, ".TH lima.yaml 5 \"\" \"limactl\" \"File Formats\"\n");
	for (size_t i = 0; i < sizeof before / sizeof *before; i++)
		buf_addf(b, ".SH %s\n%s\n", before[i].title, before[i].text);
	put_prices(b);
	buf_adds(b, ".SH KEYS\nItems of lists are written with \\fB[]\\fR. Where no default is told, a text is empty and a number is left out.\n");
	key_each(put_key, b);
	buf_adds(b, ".SH FILES\n");
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		buf_adds(b, ".TP\n\\fI");
		roff_escape(b, files[i].file);
		buf_adds(b, "\\fR\n");
		roff_escape(b, files[i].text);
		buf_addc(b, '\n');
	}
	buf_adds(b, ".SH SEE ALSO\n\\fBlimactl\\fR(1), \\fBlimactl\\-validate\\fR(1), \\fBlimactl\\-template\\fR(1)\n");
}

static const struct { const char *title, *text; } fleet_before[] = {
	{ "NAME", "fleet.yaml \\- many virtual machines of limactl in one file" },
	{ "SYNOPSIS", ".nf\ndefaults: {base: template:debian, memory: 2GiB}\nnetworks: {lab: {mode: user\\-v2}}\ninstances:\n  db:\n  web\\-{1..3}:\n"
	  "    dependsOn: [db]\n    portForwards:\n    \\- guestPort: 80\n      hostPort: \"{{add 8080 .Index}}\"\n.fi" },
	{ "DESCRIPTION", "A file with \\fBinstances\\fR at its top is a fleet. \\fBlimactl apply\\fR makes an ordinary instance of each member, with a "
	  "lima.yaml and a folder of its own and a note of its fleet in it; \\fBapply \\-\\-prune\\fR removes what the fleet made and the file no longer lists, "
	  "\\fBapply \\-\\-destroy\\fR all of it. \\fBfleet/\\fINAME\\fR stands for the members wherever several instances may be named.\n.PP\n"
	  "A member may have every key of lima.yaml(5). What it says wins over its bases, these over \\fBdefaults\\fR, and lists are joined, as with bases. "
	  "\\fBbase\\fR is relative to the file." },
	{ "NAMES", "\\fBweb\\-{1..3}\\fR is web\\-1, web\\-2 and web\\-3; \\fB{01..12}\\fR keeps the zero; \\fB{a,b}\\fR is one of each word. \\fBcount: 2\\fR adds \\-1 and "
	  "\\-2. What is in front of a range or a count is the name of the group, for \\fBdependsOn\\fR." },
	{ "EXPRESSIONS", "Any value may hold expressions as of Go's text/template: \\fB{{.Index}}\\fR (the number of a range, else the place, from 1), "
	  "\\fB{{.Count}}\\fR, \\fB{{.Fleet}}\\fR, \\fB{{.Param.\\fINAME\\fB}}\\fR, with \\fBadd\\fR, \\fBsub\\fR and \\fBmul\\fR. Those that name none of these are the "
	  "instance's, and stay; beside one of these, \\fB{{.Name}}\\fR is the name of the instance." },
	{ "ORDER", "A member boots when those that it \\fBdependsOn\\fR are READY, probes and all, and is stopped before them. It is not restarted with them, unless "
	  "\\fB{name: db, restart: true}\\fR says so. Where one fails, what depends on it is left as it is, and the rest goes on." },
	{ "CLAIMS", "Ports and sockets of the host, data disks and hardware addresses that two members claim are errors, and so is more memory than the host has, or "
	  "\\fBcapacity\\fR allows. A name that is another fleet's, or nobody's, is refused without \\fB\\-\\-adopt\\fR." },
};

void
man_fleet_yaml(struct buf *b)
{
	buf_adds(b, ".TH fleet.yaml 5 \"\" \"limactl\" \"File Formats\"\n");
	for (size_t i = 0; i < sizeof fleet_before / sizeof *fleet_before; i++)
		buf_addf(b, ".SH %s\n%s\n", fleet_before[i].title, fleet_before[i].text);
	buf_adds(b, ".SH KEYS\n");
	key_each_below(fleet_root.sub, put_key, b);
	buf_adds(b, ".SH KEYS OF A MEMBER\nBesides those of lima.yaml(5).\n");
	key_each_below(fleet_member_key.sub, put_key, b);
	buf_adds(b, ".SH SEE ALSO\n\\fBlimactl\\fR(1), \\fBlimactl\\-fleet\\fR(1), \\fBlimactl\\-apply\\fR(1), \\fBlima.yaml\\fR(5)\n");
}
