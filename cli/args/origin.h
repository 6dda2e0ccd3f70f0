/* cli/args/origin.h - the user's file that an instance is made from: noted when it is read, remembered with the instance. */
#pragma once
struct request;
struct cli;
struct error;
struct names;
struct template;

/* Notes in `t`, as loaded and not changed since, which file that is; strings in c->arena. */
void origin_note(struct cli *c, struct template *t);
/* A member of a fleet: its file is noted with the fleet, and no file of its own is. */
void origin_note_none(struct template *t);
/* What is to be remembered of it; nothing of a text that was never noted. */
void origin_want(struct cli *c, const struct template *t, struct request *a);
/* What origin_want() made a request want, or NULL: that file. */
const char *origin_of_request(const struct request *a);
/* The instances that were made from that file, each by itself or as members of its fleet, by name; names_release(). */
int origin_instances(struct cli *c, const char *path, struct names *out, struct error *err);
/* The instance that `name` ("": the file's own) is, if that file made it; NULL: it is to be made, or somebody else made it. In c->arena. */
const char *origin_made_already(struct cli *c, const char *path, const char *name);
