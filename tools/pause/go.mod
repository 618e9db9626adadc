module ai-compute-center/tools/pause

go 1.26.0
