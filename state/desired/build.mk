# libjq takes longer to load than most commands take altogether
LAZY += state/desired/yq.c state/desired/yq_child.c state/desired/yq_words.c
