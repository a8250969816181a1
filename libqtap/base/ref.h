// SPDX-License-Identifier: Apache-2.0
// Intrusive reference counts for what crosses the C ABI. The count is atomic, the content immutable
// once shared: any thread may read and unref it, also after the session is gone.
#pragma once

#include <atomic>
#include <concepts>
#include <cstdint>
#include <utility>

namespace qtap {

class RefCounted {
 public:
  RefCounted() = default;
  RefCounted(const RefCounted&) {}  // a copy starts with its own count
  RefCounted& operator=(const RefCounted&) { return *this; }

  void ref() const { count_.fetch_add(1, std::memory_order_relaxed); }
  // True when this was the last reference: the caller deletes.
  bool unref() const { return count_.fetch_sub(1, std::memory_order_acq_rel) == 1; }
  bool is_unique() const { return count_.load(std::memory_order_acquire) == 1; }

 protected:
  ~RefCounted() = default;

 private:
  mutable std::atomic<uint32_t> count_{1};
};

// Owns one reference.
template <typename T>
class Ref {
 public:
  Ref() = default;
  Ref(const Ref& other) : ptr_(other.ptr_) {
    if (ptr_) ptr_->ref();
  }
  Ref(Ref&& other) noexcept : ptr_(std::exchange(other.ptr_, nullptr)) {}
  // Of what it derives from.
  template <typename From>
  requires std::derived_from<From, T> Ref(Ref<From>&& other)
  noexcept : ptr_(other.release()) {}
  Ref& operator=(Ref other) noexcept {
    std::swap(ptr_, other.ptr_);
    return *this;
  }
  ~Ref() { release(ptr_); }

  template <typename... Args>
  static Ref make(Args&&... args) {
    Ref ref;
    ref.ptr_ = new T(std::forward<Args>(args)...);
    return ref;
  }
  // Takes over one reference.
  static Ref adopt(T* ptr) {
    Ref ref;
    ref.ptr_ = ptr;
    return ref;
  }
  // Gives the reference away.
  T* release() { return std::exchange(ptr_, nullptr); }
  static void release(const T* ptr) {
    if (ptr && ptr->unref()) delete ptr;
  }

  T* get() const { return ptr_; }
  T* operator->() const { return ptr_; }
  T& operator*() const { return *ptr_; }
  explicit operator bool() const { return ptr_ != nullptr; }

 private:
  T* ptr_ = nullptr;
};

// The same object as what it was made as.
template <typename To, typename From>
Ref<To> ref_cast(Ref<From>&& from) {
  return Ref<To>::adopt(static_cast<To*>(from.release()));
}

// The object for writing: itself when nobody else holds it, else a copy takes its place.
template <typename T>
T& writable(Ref<T>& ref) {
  if (!ref->is_unique()) ref = Ref<T>::make(*ref);
  return *ref;
}

}  // namespace qtap
