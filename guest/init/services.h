/*
 * guest/init/services.h - what runs in a guest that is up: the SSH server, the guest agent.
 */
#pragma once

struct cidata;
struct setup_user;

/* First boot: makes the host key. It lives on the data disk and is never replaced while it is whole. */
void services_host_key(void);
void services_ssh(void);
/* Installs lima-guestagent from cidata and keeps it running; nothing in plain mode or when it is not there. */
void services_agent(const struct cidata *c, const struct setup_user *u);
