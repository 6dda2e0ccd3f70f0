/*
 * cli/look/page_graph.h - who waits for whom, as a picture: a box an instance, those that are alike as one.
 *
 * The picture is drawn for any graph of named boxes; a run's and a plan's are two of them.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct cJSON;
struct page;
struct story;

struct graph_box {
	const char *name;	/* as it is; it is escaped here */
	const char *told;	/* what came of it, in a few words; boxes with the same needs and the same words are one */
	bool failed, on_path;
	const size_t *needs;	/* other boxes */
	size_t nneeds;
};

void page_graph(struct page *p, const struct graph_box *v, size_t n);
void page_graph_of_run(struct page *p, const struct story *s);
void page_graph_of_plan(struct page *p, const struct cJSON *resource_changes);
