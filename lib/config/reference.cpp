#include "reference.hpp"

#include "toml_text.hpp"

#include <runnel/config/config.hpp>

#include <fmt/core.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <utility>

namespace runnel::config {
namespace {

constexpr std::size_t longest_file = 1 << 20;

std::string read_file(const std::string& path, const Node& node, const std::string& key,
                      std::string_view mend) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string text(longest_file + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file.is_open() || file.bad()) {
    fail(node.where, key, fmt::format("{} cannot be read: {}; {}", path, std::strerror(errno), mend));
  }
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > longest_file) fail(node.where, key, path + " is larger than 1MiB; is it the right file?");
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

std::string read_variable(const std::string& name, const Node& node, const std::string& key) {
  if (const char* value = std::getenv(name.c_str())) return value;
  fail(node.where, key,
       fmt::format("the environment variable {} is not set; set it or remove this key", name));
}

std::string read_credential(const std::string& name, const Node& node, const std::string& key) {
  if (name.empty() || name.find('/') != name.npos) {
    fail(node.where, key,
         fmt::format("{} is no name of a credential: it holds a /, or nothing", quoted(name)));
  }
  const auto mend = fmt::format("give it to the unit by LoadCredential={}:/path/to/file", name);
  const char* directory = std::getenv("CREDENTIALS_DIRECTORY");
  if (!directory) {
    fail(node.where, key,
         fmt::format("there is no credential {}: $CREDENTIALS_DIRECTORY is not set; {}", name, mend));
  }
  return read_file(std::string(directory) + '/' + name, node, key, mend);
}

}  // namespace

std::string Text::shown() const {
  return reference.empty() ? quoted(value) : "the text from " + reference;
}

std::string Text::toml() const {
  return reference.empty() ? quoted(value) : reference;
}

Text read_text(const Node& node, const std::string& key, std::string_view expected) {
  if (const auto* text = std::get_if<std::string>(&node.value)) return {*text, ""};
  if (!is_reference(node)) {
    const std::string_view mend =
        node.table() ? "; a table that says where a string is holds one of file, env and credential" : "";
    fail(node.where, key, fmt::format("{} must stand here, not {}{}", expected, node.what(), mend));
  }
  const auto& [kind, value] = *node.table()->begin();
  const auto& name = std::get<std::string>(value.value);
  const auto reference = fmt::format("{{ {} = {} }}", kind, quoted(name));
  if (kind == "env") return {read_variable(name, node, key), reference};
  if (kind == "credential") return {read_credential(name, node, key), reference};
  return {read_file(name, node, key, "make it readable for runneld or correct the path"), reference};
}

}  // namespace runnel::config
