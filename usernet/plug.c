/* usernet/plug.c - ports come and go with their files in ports/ */
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fs.h"
#include "usernet/switch.h"

static void
plug_say(const struct error *e)
{
	fprintf(stderr, "%s\n", e->msg);
}

static void
learn_names(struct port *p, const struct frame *f)
{
	size_t at = f->payload + UDP_HEADER;

	if (p->sw->net.nnames && f->proto == PROTO_UDP_IP && !f->fragment && f->len > at)
		learned_take(&p->learned, &p->sw->net, f->p + at, f->len - at, clock_ms());
}

/* From libslirp to the machine; names that were asked elsewhere are answered by the gateway. */
static void
deliver(void *ctx, const void *bytes, size_t len)
{
	struct port *p = ctx;
	struct sw *s = p->sw;
	struct frame f;

	if (len > sizeof s->answer)
		return;
	memcpy(s->answer, bytes, len);
	if (!frame_parse(&f, s->answer, len) || f.type != ETH_TYPE_IP)
		return;
	if ((f.from == s->net.resolver && f.from_port == PORT_DNS) ||
	    (p->is.dns_port && f.from == s->net.gateway && f.from_port == p->is.dns_port)) {
		learn_names(p, &f);
		frame_readdress(&f, END_FROM, s->net.gateway, PORT_DNS);
	}
	memcpy(f.p, p->is.mac, MAC_LEN);
	port_send(p, f.p, f.len);
}

/* A machine that runs already answers this, and is known by the answer: after that it is connected. */
static void
probe(struct sw *s, struct port *p)
{
	uint8_t f[ETH_HEADER + ARP_LEN] = {0};

	memcpy(f, p->is.mac, MAC_LEN);
	memcpy(f + MAC_LEN, s->gateway_mac, MAC_LEN);
	put16(f + 12, ETH_TYPE_ARP);
	memcpy(f + ETH_HEADER, (const uint8_t[]){0, 1, 8, 0, MAC_LEN, 4, 0, 1}, 8);
	memcpy(f + ETH_HEADER + 8, s->gateway_mac, MAC_LEN);
	put32(f + ETH_HEADER + 14, s->net.gateway);
	put32(f + ETH_HEADER + 24, p->is.ip);
	port_send(p, f, sizeof f);
}

static void
plug_in(struct sw *s, const char *id, const char *text)
{
	struct arena mem = {0};
	struct usernet_port is;
	struct error err = {0};
	struct port *p = NULL;

	if (s->nports < USERNET_PORTS_MAX && usernet_port_parse(&is, id, text, &mem, &err) == 0)
		p = port_open(s, s->dir, &is, arena_strdup(&mem, text), &mem, &err);
	arena_release(&mem);
	if (!p) {
		plug_say(&err);
		return;
	}
	p->nat = nat_new(&s->net, &p->is, deliver, p);
	p->seen = true;
	s->ports[s->nports++] = p;
	switch_watch(s, &p->sock, POLLER_IN);
	probe(s, p);
}

static void
plug_out(struct sw *s, size_t i)
{
	struct port *p = s->ports[i];
	auto_free char *path = xasprintf("%s/ports/%s.sock", s->dir, p->is.id);

	s->denied_before += p->denied.count;
	nat_free(p->nat);
	p->nat = NULL;
	port_close(p);
	fs_unlink(path, NULL);
	s->ports[i] = s->ports[--s->nports];
}

static void
plug_one(struct sw *s, const char *id)
{
	auto_free char *path = xasprintf("%s/ports/%s", s->dir, id);
	AUTO(buf) text = BUF_INIT;

	if (fs_read_if(path, &text, USERNET_FILE_MAX, NULL) != 1)
		return;
	for (size_t i = 0; i < s->nports; i++) {
		if (strcmp(s->ports[i]->is.id, id) != 0)
			continue;
		if (!strcmp(s->ports[i]->text, text.s)) {
			s->ports[i]->seen = true;
			return;
		}
		plug_out(s, i);
		break;
	}
	plug_in(s, id, text.s);
}

static bool
is_port_file(const char *name)
{
	size_t len = strlen(name);

	return *name != '.' && !(len > 5 && !strcmp(name + len - 5, ".sock")) &&
	       !(len > 4 && !strcmp(name + len - 4, ".tmp"));
}

void
switch_plug(struct sw *s)
{
	auto_free char *path = xasprintf("%s/ports", s->dir);
	auto_dir DIR *d = opendir(path);

	for (size_t i = 0; i < s->nports; i++)
		s->ports[i]->seen = false;
	for (struct dirent *e; d && (e = readdir(d));)
		if (is_port_file(e->d_name))
			plug_one(s, e->d_name);
	for (size_t i = 0; d && i < s->nports;)
		if (s->ports[i]->seen)
			i++;
		else
			plug_out(s, i);
}
