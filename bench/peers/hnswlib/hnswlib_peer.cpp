// A C interface over hnswlib, so that the bench can drive it inside its own process, round by round beside ours. The library is
// compiled by the bench with the flags of hnswlib's own build (see README.md). Timing happens in here: the caller's marshalling is not counted.
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <exception>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <hnswlib/hnswlib.h>

namespace {

struct Index {
    std::unique_ptr<hnswlib::SpaceInterface<float>> space;
    std::unique_ptr<hnswlib::HierarchicalNSW<float>> graph;
    std::size_t dim = 0;
};

thread_local std::string last_error;

double seconds_since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

extern "C" {

// The message of the last call on this thread that failed.
const char* peer_error() { return last_error.c_str(); }

// Builds an index over count x dim row-major floats on the given number of threads; null on failure. metric: 0 squared L2, 1 inner product.
void* peer_build(const float* vectors, std::int64_t count, int dim, int metric, int m, int ef_construction, int threads, std::uint64_t seed,
                 double* seconds) {
    try {
        auto start = std::chrono::steady_clock::now();
        auto index = std::make_unique<Index>();
        index->dim = static_cast<std::size_t>(dim);
        if (metric == 0)
            index->space = std::make_unique<hnswlib::L2Space>(index->dim);
        else
            index->space = std::make_unique<hnswlib::InnerProductSpace>(index->dim);
        index->graph = std::make_unique<hnswlib::HierarchicalNSW<float>>(index->space.get(), static_cast<std::size_t>(count),
                                                                         static_cast<std::size_t>(m),
                                                                         static_cast<std::size_t>(ef_construction), seed);
        auto* graph = index->graph.get();
        if (count > 0)
            graph->addPoint(vectors, 0);
        std::vector<std::thread> workers;
        std::vector<std::exception_ptr> errors(static_cast<std::size_t>(threads));
        std::atomic<std::int64_t> next{1};
        auto work = [&](int worker) {
            try {
                for (std::int64_t i = next++; i < count; i = next++)
                    graph->addPoint(vectors + i * dim, static_cast<std::size_t>(i));
            } catch (...) {
                errors[static_cast<std::size_t>(worker)] = std::current_exception();
            }
        };
        for (int worker = 1; worker < threads; worker++)
            workers.emplace_back(work, worker);
        work(0);
        for (auto& worker : workers)
            worker.join();
        for (auto& error : errors)
            if (error)
                std::rethrow_exception(error);
        *seconds = seconds_since(start);
        return index.release();
    } catch (const std::exception& error) {
        last_error = error.what();
        return nullptr;
    }
}

// Answers count queries one after the other on this thread; ids receives count x k labels, nearest first, -1 where fewer were found.
// Returns the seconds that the searches took, or a negative number on failure.
double peer_search(void* handle, const float* queries, int count, int k, int ef, std::int32_t* ids) {
    try {
        auto* index = static_cast<Index*>(handle);
        index->graph->setEf(static_cast<std::size_t>(ef));
        auto start = std::chrono::steady_clock::now();
        for (int i = 0; i < count; i++) {
            auto found = index->graph->searchKnn(queries + static_cast<std::size_t>(i) * index->dim, static_cast<std::size_t>(k));
            std::int32_t* row = ids + static_cast<std::size_t>(i) * static_cast<std::size_t>(k);
            for (int j = static_cast<int>(found.size()); j < k; j++)
                row[j] = -1;
            for (int j = static_cast<int>(found.size()) - 1; j >= 0; j--) {
                row[j] = static_cast<std::int32_t>(found.top().second);
                found.pop();
            }
        }
        return seconds_since(start);
    } catch (const std::exception& error) {
        last_error = error.what();
        return -1;
    }
}

void peer_free(void* handle) { delete static_cast<Index*>(handle); }

}  // extern "C"
