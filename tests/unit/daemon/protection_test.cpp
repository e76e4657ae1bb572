#include "protection.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>

namespace runnel::daemon {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST(ServiceOfCgroups, IsTheLastPartOfThePath) {
  EXPECT_EQ(service_of_cgroups("0::/system.slice/runneld.service\n"), "runneld");
  EXPECT_EQ(service_of_cgroups("0::/system.slice/system-runneld.slice/runneld@a.service"), "runneld@a");
  EXPECT_EQ(service_of_cgroups("9:memory:/\n1:name=systemd:/system.slice/runneld.service\n0::/\n"),
            "runneld");
}

TEST(ServiceOfCgroups, IsNothingOutsideOfTheSystemsServices) {
  EXPECT_EQ(service_of_cgroups(""), std::nullopt);
  EXPECT_EQ(service_of_cgroups("0::/user.slice/user-0.slice/session-3.scope\n"), std::nullopt);
  EXPECT_EQ(service_of_cgroups("0::/user.slice/user-1000.slice/user@1000.service\n"), std::nullopt);
}

TEST(FindForbidden, KnowsAPathUpToItsFirstPlaceholder) {
  const auto folder = std::filesystem::path(testing::TempDir()).lexically_normal().string();
  EXPECT_EQ(find_forbidden(folder + "/{topic}/{partition}.jsonl"), std::nullopt);
  EXPECT_EQ(find_forbidden(folder + "/not/there/yet/all.jsonl"), std::nullopt);
  const auto as_nobody = [] {  // root may write everywhere
    if (::geteuid() == 0 && ::setuid(65534) != 0) std::_Exit(2);
    const auto place = find_forbidden("/etc/archive/{{a}/{topic}-{partition}.jsonl");
    std::_Exit(place && place->directory == "/etc/archive/{a}" && place->existing == "/etc" ? 0 : 1);
  };
  EXPECT_EXIT(as_nobody(), testing::ExitedWithCode(0), "");
}

TEST(FindForbidden, TakesAPathThatBeginsWithAPlaceholderForOneBelowTheWorkingDirectory) {
  const auto at_root_as_nobody = [] {
    std::filesystem::current_path("/");
    if (::geteuid() == 0 && ::setuid(65534) != 0) std::_Exit(2);
    const auto place = find_forbidden("{topic}.jsonl");
    std::_Exit(place && place->directory == "/" && place->existing == "/" ? 0 : 1);
  };
  EXPECT_EXIT(at_root_as_nobody(), testing::ExitedWithCode(0), "");
}

TEST(RefusalOf, NamesTheLineThatAReadOnlyPlaceNeeds) {
  const auto text =
      refusal_of({"/srv/archive", "/srv", EROFS}, "sink.files.path", "runneld@orders", "runnel");
  EXPECT_THAT(text,
              StartsWith("sink.files.path: /srv/archive cannot be written (/srv: Read-only file system"));
  EXPECT_THAT(text, HasSubstr("`install -d -o runnel /srv/archive`"));
  EXPECT_THAT(text, HasSubstr("`systemctl edit runneld@orders`"));
  EXPECT_THAT(text, HasSubstr("the line ReadWritePaths=/srv/archive,"));
}

TEST(RefusalOf, NamesBothLinesThatAHomeNeeds) {
  const auto text = refusal_of({"/home/x", "/home", EACCES}, "sink.files.path", "runneld", "runnel");
  EXPECT_THAT(text, HasSubstr("ProtectHome=no and ReadWritePaths=/home/x,"));
}

TEST(RefusalOf, SaysWhoseAFolderMustBe) {
  const auto text =
      refusal_of({"/srv/archive", "/srv/archive", EACCES}, "sink.files.path", "runneld", "runnel");
  EXPECT_THAT(text, HasSubstr("`install -d -o runnel /srv/archive`"));
  EXPECT_THAT(text, testing::Not(HasSubstr("ReadWritePaths")));
}

}  // namespace
}  // namespace runnel::daemon
