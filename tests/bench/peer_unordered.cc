// The C++ standard library's hash map, without a copy of the key for each look-up.
#include <string_view>
#include <unordered_map>

#include "peer_cpp.h"

struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view s) const
    {
        return std::hash<std::string_view>()(s);
    }
};

using Map = std::unordered_map<std::string, std::string, Hash, std::equal_to<>>;

extern "C" const bench_peer bench_peers[] = {{"C++ unordered_map", build<Map>,
                                              find<Map, std::string_view>, nullptr, nullptr,
                                              nullptr, nullptr, 0},
                                             {}};
