/* hostagent/sftpd/requests.h - what each packet of the client asks for: a table, of the protocol's types and of extensions by name. */
#pragma once
#include "hostagent/sftpd/session.h"

/* 1: the answer is in `out`; 0: done, and there is no more to say of it; -1 with errno (EBADMSG: the packet is none). */
int requests_request_do(struct sftpd *s, uint8_t type, uint32_t id, struct wire *w, struct buf *out);
/* Pairs of name and version, as the client is told at first. */
void requests_put_extensions(struct buf *out);
