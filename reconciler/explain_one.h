/* reconciler/explain_one.h - one resource: what it is, what it stands on, who needs it, and what would happen to it, and why. */
#pragma once

struct arena;
struct cJSON;
struct graph;
struct resource;

/*
 * {"address", "type", "name", "instance", "about", "wanted", "present",
 *  "attributes": [{"name", "have", "want", "class"}], "needs": [{"address", "need", "present"}], "needed_by": [likewise],
 *  "action", "class", "bytes_at_risk", "chain": [{"address", "action", "why"}]}
 * `needed_by` is what the graph knows. The chain leads from the resource to the cause of it all, with what differs there. Whatever has
 * nothing to say is missing, but for the lists. The caller frees it with cJSON_Delete().
 */
struct cJSON *explain_one(const struct graph *g, const struct resource *r);
/* "build", "live", "fresh": what follows for who needs a thing when that is touched. */
const char *need_word(int need);
