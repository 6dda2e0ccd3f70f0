#include "cli/args/yaml_keys.h"

#include <string.h>
#include <yaml.h>

#include "base/error.h"
#include "base/mem.h"

static const char *
yaml_keys_scalar(yaml_document_t *d, int node)
{
	yaml_node_t *n = yaml_document_get_node(d, node);

	return n && n->type == YAML_SCALAR_NODE ? (const char *)n->data.scalar.value : "";
}

static yaml_node_t *
yaml_keys_member(yaml_document_t *d, yaml_node_t *map, const char *key)
{
	if (!map || map->type != YAML_MAPPING_NODE)
		return NULL;
	for (yaml_node_pair_t *p = map->data.mapping.pairs.start; p < map->data.mapping.pairs.top; p++)
		if (strcmp(yaml_keys_scalar(d, p->key), key) == 0)
			return yaml_document_get_node(d, p->value);
	return NULL;
}

static const char *const *
keys_of(struct arena *a, yaml_document_t *d, yaml_node_t *map)
{
	size_t n = 0;
	const char **v;

	if (!map || map->type != YAML_MAPPING_NODE)
		return arena_alloc(a, sizeof *v);
	v = arena_alloc(a, ((size_t)(map->data.mapping.pairs.top - map->data.mapping.pairs.start) + 1) * sizeof *v);
	for (yaml_node_pair_t *p = map->data.mapping.pairs.start; p < map->data.mapping.pairs.top; p++)
		v[n++] = arena_strdup(a, yaml_keys_scalar(d, p->key));
	return v;
}

int
yaml_keys(struct arena *a, const char *text, size_t len, const char *top, const char *const **out, struct error *err)
{
	yaml_parser_t parser;
	yaml_document_t doc;

	if (!yaml_parser_initialize(&parser))
		return error_set(err, ERR_INVALID, "no memory for a YAML parser");
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
	if (!yaml_parser_load(&parser, &doc)) {
		int r = error_set(err, ERR_INVALID, "%zu:%zu: %s", parser.problem_mark.line + 1, parser.problem_mark.column + 1,
				  parser.problem ? parser.problem : "not YAML");

		yaml_parser_delete(&parser);
		return r;
	}
	*out = keys_of(a, &doc, yaml_keys_member(&doc, yaml_document_get_root_node(&doc), top));
	yaml_document_delete(&doc);
	yaml_parser_delete(&parser);
	return 0;
}
