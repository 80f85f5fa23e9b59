# SPDX-License-Identifier: Apache-2.0
# TROUPE_COMMIT_DATE: when the sources were committed, as ZooKeeper says it: "2026-11-29 16:49 UTC".
# Never when they were built, so that two builds of one commit are equal. From, in this order: git;
# SOURCE_DATE_EPOCH; cmake/commit.txt, in which `git archive` writes the time. A copy that has none of
# them says 1970-01-01 00:00 UTC.
function(troupe_commit_date result)
  set(seconds)
  find_package(Git QUIET)
  if(GIT_FOUND AND EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/.git)
    # The clone may be another user's: its history is read, and nothing of it is run.
    set(git ${GIT_EXECUTABLE} -c safe.directory=*)
    execute_process(COMMAND ${git} log -1 --format=%ct
      WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR} OUTPUT_VARIABLE seconds ERROR_QUIET
      OUTPUT_STRIP_TRAILING_WHITESPACE)
    # A new commit is a new date: configure again.
    execute_process(COMMAND ${git} rev-parse --git-path logs/HEAD
      WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR} OUTPUT_VARIABLE log ERROR_QUIET
      OUTPUT_STRIP_TRAILING_WHITESPACE)
    cmake_path(ABSOLUTE_PATH log BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
    if(EXISTS ${log})
      set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${log})
    endif()
  endif()
  if(NOT seconds MATCHES "^[0-9]+$")
    set(seconds $ENV{SOURCE_DATE_EPOCH})
  endif()
  if(NOT seconds MATCHES "^[0-9]+$")
    file(STRINGS ${CMAKE_CURRENT_SOURCE_DIR}/cmake/commit.txt seconds LIMIT_COUNT 1)
  endif()
  if(NOT seconds MATCHES "^[0-9]+$")
    set(seconds 0)
  endif()
  set(outer $ENV{SOURCE_DATE_EPOCH})
  set(ENV{SOURCE_DATE_EPOCH} ${seconds})  # CMake's TIMESTAMP takes it for the present time
  string(TIMESTAMP date "%Y-%m-%d %H:%M UTC" UTC)
  if(outer)
    set(ENV{SOURCE_DATE_EPOCH} ${outer})
  else()
    unset(ENV{SOURCE_DATE_EPOCH})
  endif()
  set(${result} ${date} PARENT_SCOPE)
endfunction()
