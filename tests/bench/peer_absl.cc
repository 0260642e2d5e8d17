// Abseil's flat hash map.
#include <absl/container/flat_hash_map.h>

#include "peer_cpp.h"

using Map = absl::flat_hash_map<std::string, std::string>;

extern "C" const bench_peer bench_peers[] = {{"absl flat_hash_map", build<Map>,
                                              find<Map, absl::string_view>, nullptr, nullptr,
                                              nullptr, nullptr, 0},
                                             {}};
