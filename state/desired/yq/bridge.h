/* state/desired/yq/bridge.h - between the tree of lima.yaml and the one that expressions work on; for yq.c and bridge.c. */
#pragma once
#include "state/desired/yaml/yaml.h"
#include "state/desired/yq/eval.h"

struct ynode *ynode_of_node(struct eval *e, const struct node *n);
/* without a source */
struct node *node_of_ynode(struct arena *a, const struct ynode *n);
/* about how many bytes of text it has */
size_t node_bytes(const struct node *n);
