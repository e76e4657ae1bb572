#include "options.hpp"

#include <boost/program_options.hpp>

#include <algorithm>

namespace runnel::daemon {
namespace {

namespace po = boost::program_options;

constexpr auto see_help = "; see runneld --help";

po::options_description describe(Options& options) {
  po::options_description description;
  auto add = description.add_options();
  add("config,c", po::value(&options.config));
  add("foreground,f", po::bool_switch(&options.foreground));
  add("set", po::value(&options.sets)->composing());
  add("check", po::bool_switch(&options.check));
  add("against", po::value<std::string>());
  add("dump-config", po::bool_switch(&options.dump_config));
  add("demo", po::bool_switch(&options.demo));
  add("version", po::bool_switch(&options.version));
  add("help,h", po::bool_switch(&options.help));
  return description;
}

/// What stands behind the name may be a password.
std::string without_value(const std::string& word) {
  const bool is_long = word.starts_with("--");
  return is_long ? word.substr(0, word.find('=')) : word.substr(0, 2);
}

/// Program_options says what is wrong but not what to do, and each of its errors in a style of its own.
po::variables_map parse(const std::vector<std::string>& arguments,
                        const po::options_description& description) {
  try {
    // Guessing would take --con for --config today and for another option tomorrow. Stray words are refused
    // only when the positional options are described as none.
    constexpr auto style = po::command_line_style::unix_style & ~po::command_line_style::allow_guessing;
    po::variables_map values;
    po::store(po::command_line_parser(arguments)
                  .options(description)
                  .positional({})
                  .style(static_cast<int>(style))
                  .run(),
              values);
    po::notify(values);
    return values;
  } catch (const po::unknown_option& error) {
    throw UsageError("there is no option " + without_value(error.get_option_name()) + see_help);
  } catch (const po::multiple_occurrences& error) {
    throw UsageError(error.get_option_name() + " stands more than once; remove all but one");
  } catch (const po::too_many_positional_options_error&) {
    throw UsageError(std::string("a word stands behind no option; a configuration is given by -c FILE") +
                     see_help);
  } catch (const po::invalid_command_line_syntax& error) {
    const auto name = error.get_option_name();
    if (error.kind() == po::invalid_syntax::extra_parameter)
      throw UsageError(name + " takes no value; remove it");
    throw UsageError(name + " needs a value; write it behind the option" + see_help);
  } catch (const po::error& error) {
    throw UsageError(error.what() + std::string(see_help));
  }
}

bool stands(const std::vector<std::string>& arguments, std::initializer_list<std::string_view> names) {
  return std::ranges::find_first_of(arguments, names) != arguments.end();
}

void check_config(const std::string& file) {
  if (file.empty()) throw UsageError("--config needs a file; write -c FILE, or -c - for standard input");
  if (file.starts_with('='))
    throw UsageError("-c takes its file without a =; write -c FILE or --config=FILE");
  if (file.starts_with('-') && file != "-") {
    throw UsageError("--config needs a file but is followed by " + without_value(file) +
                     "; write -c FILE (and ./ before a name that begins with -)");
  }
}

void check_sets(const std::vector<std::string>& sets) {
  for (std::size_t i = 0; i < sets.size(); ++i) {
    if (sets[i].find('=') != std::string::npos && !sets[i].starts_with('=')) continue;
    throw UsageError("--set number " + std::to_string(i + 1) +
                     " says no key and value; write --set KEY=VALUE, such as "
                     "--set kafka.bootstrap.servers=localhost:9092");
  }
}

}  // namespace

Options parse_options(const std::vector<std::string>& arguments, const char* runnel_config) {
  Options options;
  // Before all else: who asks for help may have got the rest wrong.
  if (stands(arguments, {"--help", "-h"})) {
    options.help = true;
    return options;
  }
  const auto description = describe(options);
  const auto values = parse(arguments, description);
  const bool given = values.contains("config");
  if (!given && runnel_config && *runnel_config) options.config = runnel_config;
  if (given) check_config(options.config);
  if (values.contains("against")) options.against = values["against"].as<std::string>();
  if (options.against && !options.check)
    throw UsageError("--against names the configuration that --check compares with; add --check");
  check_sets(options.sets);
  if (options.demo && given) {
    throw UsageError("--demo brings a configuration of its own; leave -c out, or --demo");
  }
  return options;
}

std::string help() {
  return R"(runneld carries records out of Kafka.

Usage: runneld [-c FILE] [-f] [--set KEY=VALUE]... [--check [--against OLD]] [--dump-config]
       runneld --demo [--set KEY=VALUE]...

  -c, --config FILE  the configuration; - is standard input
                     (default: $RUNNEL_CONFIG, else /etc/runnel/runneld.toml)
  -f, --foreground   for debugging: a readable log with debug level, a live status line
      --set KEY=VALUE
                     override one key: a TOML value, or a bare word as a string
                     (--set kafka.bootstrap.servers=localhost:9092)
      --check        check the configuration, and every property with librdkafka; open no socket
      --against OLD  with --check: what a reload would do to a process that runs OLD
      --dump-config  print the whole configuration, defaults included, secrets hidden
      --demo         a broker inside the process, a record a second into it, and out of it
      --version      print the version
  -h, --help         print this

Signals: TERM and INT deliver what is in flight and stop; a second one stops at once. HUP
takes a changed configuration: what did not change goes on undisturbed.
Exit status: 0 clean, 64 usage, 69 not all could be delivered in time, 70 internal error,
75 another process holds a lock, 78 configuration.
)";
}

}  // namespace runnel::daemon
